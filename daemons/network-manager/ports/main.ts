// The published ports of this host: what containers ask for, who gets it, and what is said about it. The rules keeper writes
// them (../rules/want-ports.ts).
import type { DaemonContext } from '../../shared/daemon/life.ts';
import { type Family, type Ip, parseIp } from '../../shared/model/ip.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { eachInSlices } from '../../shared/reconcile/in-slices.ts';
import type { HostAddresses } from '../rules/observe.ts';
import { observeListeners } from './listeners.ts';
import { takenPorts } from './parse-listeners.ts';
import { PortBook } from './port-book.ts';
import type { PortClaim } from './port-claims.ts';
import { type PortNetwork, portNetworks, sameNetworks } from './port-networks.ts';
import type { PortRules } from './port-ranges.ts';
import { PortTable } from './port-table.ts';
import { conflictsOf, stateOfPorts } from './ports-health.ts';
import { RuntimeHolds } from './runtime-holds.ts';

const condition = 'ports';
/** Listeners come and go without telling; to look costs little and the answer only informs. */
const listenersEveryMs = 30_000;
/** After a change of the ports, but not with each change of many. */
const listenersRestMs = 1_000;

export interface ChosenPorts {
  /** By key; kept up by later calls. */
  readonly served: ReadonlyMap<string, PortClaim>;
  /** Keys that are served otherwise than after the last call. */
  readonly changed: ReadonlySet<string>;
  readonly rules: Readonly<Record<Family, PortRules>>;
}

export class PublishedPorts {
  readonly #context: Pick<DaemonContext, 'config' | 'log' | 'health' | 'metrics'>;
  readonly #services: readonly Ip[];
  readonly #book = new PortBook();
  /** Those that the table was made with. */
  #networks: ReadonlyMap<string, PortNetwork> | undefined;
  #table: PortTable;
  #turn: Promise<unknown> = Promise.resolve();
  #taken: readonly PortClaim[] = [];
  #told = new Set<string>();
  #isNew = false;
  readonly #holds = new RuntimeHolds();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(context: Pick<DaemonContext, 'config' | 'log' | 'health' | 'metrics'>) {
    this.#context = context;
    this.#services = [parseIp(context.config.metadata.address)!];
    this.#table = new PortTable(new Map(), this.#services);
    const { metrics } = context;
    metrics.gauge('corral_ports_published', 'Host ports that lead to containers', () => this.#table.served.size);
    metrics.gauge(
      'corral_ports_conflicting',
      'Host ports that a container asks for and another one has',
      () => this.#table.conflicts.length,
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

  /** Brings the table up to what is asked for now. Calls that come together are served one after the other. */
  choose(snapshot: Snapshot, host: HostAddresses, refused: ReadonlySet<string>): Promise<ChosenPorts> {
    const turn = this.#turn.then(async () => {
      await this.#book.catchUp();
      const networks = portNetworks(snapshot, host, refused);
      const isAsBefore = this.#networks !== undefined && sameNetworks(networks, this.#networks);
      const changed = isAsBefore ? await this.#update() : await this.#rebuild(networks);
      const table = this.#table;
      return { served: table.served, changed, rules: { 4: table.rules(4), 6: table.rules(6) } };
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #update(): Promise<ReadonlySet<string>> {
    const { gone, come } = this.#book.drain();
    await eachInSlices(gone, (claim) => this.#table.remove(claim));
    await eachInSlices(come, (claim) => this.#table.add(claim));
    return this.#table.takeChanged();
  }

  /** Another network, or its bridge came up or went: everything may be otherwise. */
  async #rebuild(networks: ReadonlyMap<string, PortNetwork>): Promise<ReadonlySet<string>> {
    this.#book.drain();
    const before = this.#table.served;
    const table = new PortTable(networks, this.#services);
    await eachInSlices([...this.#book.claims()], (claim) => table.add(claim));
    table.takeChanged();
    await eachInSlices(table.ranges(), () => undefined);
    this.#table = table;
    this.#networks = networks;
    const changed = new Set<string>();
    const compare = (key: string): void => {
      if (before.get(key) !== table.served.get(key)) changed.add(key);
    };
    await eachInSlices(before.keys(), compare);
    await eachInSlices(table.served.keys(), compare);
    return changed;
  }

  /** States what was chosen once it is written. */
  async report(): Promise<void> {
    const { health, log } = this.#context;
    const conflicts = new Set(conflictsOf(this.#table));
    for (const text of conflicts) {
      if (!this.#told.has(text))
        log.warn({ event: 'ports.conflict', conflict: text }, 'two containers ask for one host port');
    }
    this.#told = conflicts;
    await this.#lookForListeners(this.#table);
    health.set(condition, stateOfPorts(this.#table, this.#taken, this.#book.skipped));
  }

  async #lookForListeners({ served }: PortTable): Promise<void> {
    const now = performance.now();
    if (now - this.#lookedAt < (this.#isNew ? listenersRestMs : listenersEveryMs)) return;
    this.#isNew = false;
    this.#lookedAt = now;
    const taken = served.size === 0 ? [] : takenPorts(served, await observeListeners(), this.#services);
    this.#taken = await this.#holds.foreign(taken);
  }
}
