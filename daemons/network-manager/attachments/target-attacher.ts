// Finds out what a caller's target is (a namespace's path, or a container of one of the engines) and has it attached or
// detached there.
import type { Lease } from '../../../cni-plugins/library.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import type { AttachRequest, ManualWish } from './attach-request.ts';
import type { Engine, Engines } from './engines.ts';
import type { LeaseBook } from './lease-book.ts';
import type { NamespaceAttacher } from './namespace-attacher.ts';
import type { KnownNetworks } from './want-attachments.ts';

export interface TargetDeps {
  readonly namespaces: NamespaceAttacher;
  readonly engines: Pick<Engines, 'all'>;
  readonly book: LeaseBook;
  readonly networks: () => KnownNetworks | undefined;
}

export class TargetAttacher {
  readonly #deps: TargetDeps;

  constructor(deps: TargetDeps) {
    this.#deps = deps;
  }

  async attach(request: AttachRequest): Promise<Lease> {
    const wish: ManualWish = {
      network: this.#networkFor(request),
      name: request.name,
      labels: request.labels,
      ports: request.publish,
    };
    if (request.target.startsWith('/')) return this.#deps.namespaces.attach(request.target, wish);
    const { engine, id } = await this.#find(request.target);
    return engine.keeper.attach(id, wish);
  }

  /** What was taken down; empty if nothing was attached. */
  async detach(target: string): Promise<Lease[]> {
    if (target.startsWith('/')) return this.#deps.namespaces.detach(target);
    // An attachment by its own name or id, first without the engine, which may be away.
    const named = this.#deps.book.all().filter((lease) => isNamed(lease, target));
    const bare = named.filter((lease) => lease.attachment.engine === 'attach');
    if (bare.length > 0)
      return (await Promise.all(bare.map((one) => this.#deps.namespaces.detach(one.netnsPath)))).flat();
    const known = named.find((lease) => lease.attachment.engine === 'docker');
    try {
      const { engine, id } = await this.#find(target);
      return await engine.keeper.detach(id);
    } catch (error) {
      const [first] = this.#deps.engines.all;
      if (known && first) return first.keeper.detach(known.containerId);
      if (error instanceof SuiteError && error.code === 'TARGET_UNKNOWN') return [];
      throw error;
    }
  }

  #networkFor(request: AttachRequest): string {
    const networks = this.#deps.networks();
    if (!networks) {
      throw new SuiteError('NOT_READY', `attach ${request.target}: metadata has not told the networks yet`, {
        hint: 'see corral status',
      });
    }
    const name = request.network ?? networks.default;
    if (name !== undefined && networks.names.has(name)) return name;
    const known = [...networks.names].join(', ') || 'none';
    throw new SuiteError(
      'NETWORK_UNKNOWN',
      `attach ${request.target} to the network ${name ?? 'that is the default'}`,
      {
        hint: `known: ${known}; see corral network ls`,
      },
    );
  }

  async #find(target: string): Promise<{ engine: Engine; id: string }> {
    let fault: unknown;
    for (const engine of this.#deps.engines.all) {
      try {
        const container = await engine.docker.inspect(target);
        if (container) return { engine, id: container.id };
      } catch (error) {
        fault = error;
      }
    }
    if (fault !== undefined) throw fault;
    throw new SuiteError('TARGET_UNKNOWN', `find the container ${target}`, {
      hint: 'give the name or id of a running container, or the path of a namespace',
    });
  }
}

function isNamed(lease: Lease, target: string): boolean {
  return lease.attachment.name === target || lease.containerId === target;
}
