// Brings one container of an engine to what is wanted: its lease, its name files, the state file for Rancher's agent.
import { type Cni, type Lease, leaseIps } from '../../../cni-plugins/library.ts';
import type { Docker, DockerContainer } from '../../shared/effects/docker.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { serviceAddress6 } from '../../shared/model/networks.ts';
import type { ManualWish } from './attach-request.ts';
import { openContainerNetns } from './container-netns.ts';
import { wantPorts } from './container-ports.ts';
import { refFor, refOf, wishFor } from './describe.ts';
import { factsOf, liveOf } from './facts.ts';
import type { LeaseBook } from './lease-book.ts';
import { type NameSettings, rewriteHosts, rewriteResolver, wantNames } from './names.ts';
import { planAttachment } from './plan-attachment.ts';
import type { Reporter } from './reporter.ts';
import type { StateFiles } from './state-files.ts';
import type { Want } from './want-attachments.ts';

export interface AttacherDeps {
  readonly docker: Docker;
  readonly cni: Pick<Cni, 'add' | 'del'>;
  readonly book: LeaseBook;
  readonly reporter: Reporter;
  readonly states: StateFiles;
  readonly names: NameSettings;
  readonly onPortsSkipped: (container: DockerContainer, skipped: readonly string[]) => void;
  /** Seconds from the look's beginning to the address. */
  readonly onAttached: (lease: Lease, seconds: number) => void;
  readonly onDetached: (lease: Lease) => void;
}

export class ContainerAttacher {
  readonly #deps: AttacherDeps;

  constructor(deps: AttacherDeps) {
    this.#deps = deps;
  }

  /** Brings a running container to what is wanted; returns its lease if it is attached. */
  async bring(container: DockerContainer, want: Want, manual?: ManualWish): Promise<Lease | undefined> {
    const began = performance.now();
    const leases = this.#deps.book.of(container.id);
    if (want.kind !== 'attach' && leases.length === 0) {
      this.#rewriteResolver(container, false);
      return undefined;
    }
    const netns = await openContainerNetns(container, (id) => this.#deps.docker.inspect(id));
    // A name file that cannot be written must not keep the container from its address.
    const faults = new Faults();
    try {
      const plan = planAttachment(want, leases, { inode: netns.inode, startedAt: container.startedAt });
      for (const lease of plan.drop) await this.drop(lease);
      const staying = leases.find((lease) => !plan.drop.includes(lease) && lease.phase === 'done');
      if (plan.add || staying) faults.keep(() => this.#rewriteResolver(container, true, staying));
      const made = plan.add && want.kind === 'attach' ? await this.#add(container, want.network, manual) : undefined;
      if (made && made.netnsInode !== netns.inode) {
        await this.drop(made);
        throw new SuiteError('NETNS_GONE', `attach ${container.name}: it ended meanwhile`);
      }
      if (made) this.#deps.onAttached(made, (performance.now() - began) / 1000);
      const lease = made ?? staying;
      if (lease) this.#keepFiles(container, lease, faults);
      this.#deps.reporter.live(container.id, liveOf(container));
      if (faults.first !== undefined && !manual) throw faults.first;
      return lease;
    } finally {
      netns.close();
    }
  }

  async drop(lease: Lease): Promise<void> {
    await this.#deps.cni.del(refOf(lease));
    this.#deps.onDetached(lease);
  }

  /** What needs the address. */
  #keepFiles(container: DockerContainer, lease: Lease, faults: Faults): void {
    faults.keep(() => this.#deps.states.attached(container.id, container.startedAt, lease));
    if (hasIpv6Alone(lease)) faults.keep(() => this.#rewriteResolver(container, true, lease));
    const [address] = leaseIps(lease);
    if (address !== undefined && wantNames(container, true, this.#deps.names)) {
      faults.keep(() => rewriteHosts(container, address));
    }
  }

  #rewriteResolver(container: DockerContainer, attached: boolean, lease?: Lease): void {
    const { names } = this.#deps;
    const isIpv6Alone = lease !== undefined && hasIpv6Alone(lease);
    const wish = wantNames(container, attached, isIpv6Alone ? { ...names, nameserver: serviceAddress6 } : names);
    if (wish) rewriteResolver(container, wish, isIpv6Alone ? names.nameserver : serviceAddress6);
  }

  async #add(container: DockerContainer, network: string, manual: ManualWish | undefined): Promise<Lease> {
    const { ports, skipped } = wantPorts(container.ports, container.labels);
    if (skipped.length > 0) this.#deps.onPortsSkipped(container, skipped);
    const names = wantNames(container, true, this.#deps.names) ?? {
      dns: container.dns,
      dnsSearch: container.dnsSearch,
    };
    this.#deps.reporter.live(container.id, liveOf(container));
    const wish = wishFor(container, {
      network,
      name: manual?.name,
      ports: [...new Set([...ports, ...(manual?.ports ?? [])])],
      facts: factsOf(container, this.#deps.docker.socketPath, names),
    });
    return (await this.#deps.cni.add(refFor(wish))).lease;
  }
}

/** Networks of Corral's have IPv4 too; those that plugins of others make need not. */
function hasIpv6Alone(lease: Lease): boolean {
  const ips = leaseIps(lease);
  return ips.length > 0 && ips.every((ip) => ip.includes(':'));
}

/** Does several things although one of them fails. */
class Faults {
  first: unknown;

  keep(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.first ??= error;
    }
  }
}
