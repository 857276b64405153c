// The published ports of this host: what containers ask for, who gets it, and what is said about it. The rules keeper writes
// them (../rules/want-ports.ts).
import { setImmediate as breathe } from 'node:timers/promises';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import { parseIpv4 } from '../../shared/model/ipv4.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { wantNetworks } from '../networks/want-networks.ts';
import type { HostAddresses } from '../rules/observe.ts';
import { type ChosenPorts, choosePortsInSlices, type PortNetwork } from './choose-ports.ts';
import { observeListeners } from './listeners.ts';
import { takenPorts } from './parse-listeners.ts';
import { PortBook } from './port-book.ts';
import type { PortClaim } from './port-claims.ts';
import { conflictsOf, stateOfPorts } from './ports-health.ts';

const condition = 'ports';
const claimsAtOnce = 2_000;
/** Listeners come and go without telling; to look costs little and the answer only informs. */
const listenersEveryMs = 30_000;
/** After a change of the ports, but not with each change of many. */
const listenersRestMs = 1_000;

export class PublishedPorts {
  readonly #context: Pick<DaemonContext, 'config' | 'log' | 'health' | 'metrics'>;
  readonly #service: NonNullable<ReturnType<typeof parseIpv4>>;
  readonly #book = new PortBook();
  #chosen: ChosenPorts | undefined;
  #taken: readonly PortClaim[] = [];
  #told = new Set<string>();
  #isNew = false;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(context: Pick<DaemonContext, 'config' | 'log' | 'health' | 'metrics'>) {
    this.#context = context;
    this.#service = parseIpv4(context.config.metadata.address)!;
    const { metrics } = context;
    metrics.gauge('corral_ports_published', 'Host ports that lead to containers', () => this.#chosen?.served.size ?? 0);
    metrics.gauge(
      'corral_ports_conflicting',
      'Host ports that a container asks for and another one has',
      () => this.#chosen?.conflicts.length ?? 0,
    );
    metrics.gauge(
      'corral_ports_skipped',
      'Ports that were asked for in words that are no port',
      () => this.#book.skipped.length,
    );
    metrics.gauge(
      'corral_ports_taken',
      'Published ports on which a program of the host listens',
      () => this.#taken.length,
    );
  }

  /** True if other ports are asked for than before. */
  take(snapshot: Snapshot): boolean {
    const changed = this.#book.take(snapshot);
    this.#isNew ||= changed;
    return changed;
  }

  async choose(snapshot: Snapshot, host: HostAddresses, refused: ReadonlySet<string>): Promise<ChosenPorts> {
    await this.#book.catchUp();
    const networks = portNetworks(snapshot, host, refused);
    const work = choosePortsInSlices([...this.#book.claims()], networks, this.#service, claimsAtOnce);
    for (;;) {
      const step = work.next();
      if (step.done) {
        this.#chosen = step.value;
        return step.value;
      }
      await breathe();
    }
  }

  /** States what was chosen once it is written. */
  async report(chosen: ChosenPorts): Promise<void> {
    const { health, log } = this.#context;
    const conflicts = new Set(conflictsOf(chosen));
    for (const text of conflicts) {
      if (!this.#told.has(text))
        log.warn({ event: 'ports.conflict', conflict: text }, 'two containers ask for one host port');
    }
    this.#told = conflicts;
    await this.#lookForListeners(chosen);
    health.set(condition, stateOfPorts(chosen, this.#taken, this.#book.skipped));
  }

  async #lookForListeners({ served }: ChosenPorts): Promise<void> {
    const now = performance.now();
    if (now - this.#lookedAt < (this.#isNew ? listenersRestMs : listenersEveryMs)) return;
    this.#isNew = false;
    this.#lookedAt = now;
    this.#taken = served.size === 0 ? [] : takenPorts(served, await observeListeners(), this.#service);
  }
}

function portNetworks(
  snapshot: Snapshot,
  { addresses, up }: HostAddresses,
  refused: ReadonlySet<string>,
): Map<string, PortNetwork> {
  const own = new Map(wantNetworks(snapshot).map((network) => [network.name, network]));
  const found = new Map<string, PortNetwork>();
  for (const { name, hostPorts } of snapshot.all('network')) {
    const network = own.get(name);
    if (!network || refused.has(name)) continue;
    const { bridge, gateway, subnet } = network;
    const hasGateway = addresses.some(({ device, address }) => device === bridge && address === gateway);
    found.set(name, { name, hostPorts, subnet, isOpen: up.has(bridge) && hasGateway });
  }
  return found;
}
