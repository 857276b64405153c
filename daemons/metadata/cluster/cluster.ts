// This host as a member of a cluster: the way to the store, what is read from it, what is written to it, who is alive. What
// other hosts say enters the snapshot as one source more; their facts are asked for by the loop that makes the own part.
import { randomUUID } from 'node:crypto';
import type { Config } from '../../shared/daemon/config.ts';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import { type Clock, systemClock } from '../../shared/effects/clock.ts';
import type { EtcdEvent, KeyValue } from '../../shared/effects/etcd.ts';
import { renderCidr4 } from '../../shared/model/ipv4.ts';
import type { HostObject, SourceRecord } from '../../shared/model/objects.ts';
import type { NetworkPlan } from '../derive-networks.ts';
import type { State } from '../state.ts';
import type { SqliteStore } from '../store/sqlite.ts';
import type { RecordChange } from '../store/store.ts';
import { ClusterStore } from './cluster-store.ts';
import { JournalKeeper } from './journal-keeper.ts';
import { isAboutHosts, renderKey } from './keys.ts';
import { ClusterLink } from './link.ts';
import { Lives } from './lives.ts';
import { Membership, placeOf } from './membership.ts';
import { type Block, Mirror } from './mirror.ts';
import { openConfigured } from './open-configured.ts';
import { Publisher } from './publisher.ts';
import { removeHost } from './remove-host.ts';
import { reportLink } from './report-link.ts';
import { clusterSource } from './source.ts';
import type { ClusterValue } from './values.ts';

export interface ClusterOptions extends Pick<DaemonContext, 'health' | 'log'> {
  readonly sqlite: SqliteStore;
  /** Of the SQLite file. */
  readonly path: string;
  readonly config: Config['store'];
  readonly bootId: string;
  /** Name and address of this host, for the report when two claim to be it. */
  readonly self: () => { name: string; agentIp: string | null };
  readonly clock?: Clock;
}

/** Leases that are missing after a gap of our own get a lease's time and so much more, ms. */
const settleMs = 5_000;

export class Cluster {
  readonly store: ClusterStore;
  readonly link: ClusterLink;
  readonly mirror: Mirror;
  /** Resolves when this host is known to belong to a cluster: at once if it did before. */
  readonly joined: Promise<void>;
  readonly #options: ClusterOptions;
  readonly #membership: Membership;
  readonly #lives: Lives;
  readonly #publisher: Publisher;
  readonly #journal: JournalKeeper;
  #proposals: ReadonlyMap<string, string> = new Map();
  #changes = new Map<string, string | undefined>();
  #state: State | undefined;
  #onFacts: () => void = () => undefined;
  #listed = false;
  #isMember!: () => void;

  constructor(options: ClusterOptions) {
    const { sqlite, bootId, health } = options;
    this.#options = options;
    this.joined = new Promise((resolve) => {
      this.#isMember = resolve;
    });
    this.#membership = new Membership(sqlite, bootId);
    this.#journal = new JournalKeeper(sqlite.journal, health);
    this.mirror = new Mirror(sqlite.identity.hostId, (key, kept) => this.#journal.add(key, kept));
    if (this.#membership.joined !== undefined) {
      this.mirror.recall(sqlite.journal.all());
      this.#isMember();
    }
    this.link = this.#makeLink();
    this.#lives = this.#makeLives();
    this.#publisher = this.#makePublisher();
    this.store = new ClusterStore({
      sqlite,
      link: this.link,
      mirror: this.mirror,
      publish: (changes) => this.#publisher.remember(changes),
      onClaims: () => {
        this.#flush();
        this.#onFacts();
      },
      close: () => this.#close(),
    });
  }

  /** True once the store was read in this life. */
  get listed(): boolean {
    return this.#listed;
  }

  /** Keys of this host that the store does not hold yet as they are. */
  get waiting(): number {
    return this.#publisher.waiting;
  }

  start(): void {
    this.link.start();
  }

  /** Feeds the snapshot from now on; `onFacts` is told when hosts, networks, blocks or declarations differ. */
  async attach(state: State, onFacts: () => void): Promise<void> {
    const records: SourceRecord[] = [...this.mirror.containers()];
    this.mirror.take();
    await state.recall(records.map((record) => ({ source: clusterSource, record })));
    this.#state = state;
    this.#onFacts = onFacts;
    this.#flush();
    onFacts();
  }

  /** What the sources of this host said. */
  remember(changes: readonly RecordChange[]): void {
    this.#publisher.remember(changes);
  }

  /** This host's own record, what its file proposes, and blocks that it lost. */
  setHost(object: HostObject, proposes: readonly string[], contested: readonly string[]): void {
    const { kind: _, alive: __, ...fields } = object;
    this.#publisher.setInfo(JSON.stringify({ ...fields, proposes, contested }));
  }

  /**
   * Key to text: written if nobody has it; replaces what was proposed. `change`: keys of this host that read otherwise now, or
   * are withdrawn.
   */
  propose(proposals: ReadonlyMap<string, string>, change: ReadonlyMap<string, string | undefined>): void {
    this.#proposals = proposals;
    this.#changes = new Map(change);
    this.#publisher.poke();
  }

  /** The cluster's networks, the oldest first. */
  networks(): NetworkPlan[] {
    return [...this.mirror.networks.values()]
      .sort((a, b) => a.created - b.created || (a.value.name < b.value.name ? -1 : 1))
      .map(({ value }) => value);
  }

  /** The other hosts, with `alive: false` where the lease is gone. */
  hosts(): HostObject[] {
    return [...this.mirror.infos.values()].map(({ value: { object } }) =>
      this.#lives.isAlive(object.id) ? object : { ...object, alive: false },
    );
  }

  /** Milliseconds for which the host's lease has been missing; undefined while it is alive. */
  goneMs(host: string): number | undefined {
    return this.#lives.goneMs(host);
  }

  /** Blocks of other hosts that are in the snapshot. */
  blocks(): Block[] {
    const { hostId } = this.store.identity;
    return [...this.mirror.blocks.values()]
      .map(({ value }) => value)
      .filter((block) => block.hostId !== hostId && this.mirror.hasHost(block.hostId));
  }

  /** Blocks that this host used to have and another one holds. */
  contested(): { network: string; cidr: string; holder: string }[] {
    return this.#options.sqlite.ownBlocks().flatMap(({ network, block }) => {
      const holder = this.store.holderOf(network, block);
      return holder === undefined ? [] : [{ network, cidr: renderCidr4(block), holder }];
    });
  }

  nameOf(host: string): string {
    return this.mirror.infos.get(renderKey({ at: 'info', host }))?.value.object.name ?? host;
  }

  /** Notes what this host has just written, a moment before the watch tells it. */
  wrote(events: readonly EtcdEvent[]): void {
    this.mirror.apply(events);
    this.#flush();
  }

  /** Removes a host without a lease and all it holds from the store. Returns its blocks. Throws HOST_ALIVE. */
  async remove(host: string): Promise<string[]> {
    const blocks = await removeHost(this.link, this.mirror, host, this.nameOf(host));
    this.mirror.forget(host);
    this.#flush();
    return blocks;
  }

  #makeLink(): ClusterLink {
    const { sqlite, config, path, bootId, self, health, log } = this.#options;
    return new ClusterLink({
      endpoints: config.endpoints,
      open: (endpoint) => openConfigured(endpoint, config),
      hostId: sqlite.identity.hostId,
      instance: randomUUID(),
      place: placeOf(path, bootId),
      name: self,
      joinWaitMs: config.joinWait * 1_000,
      leaseSeconds: config.lease,
      joined: () => this.#membership.joined,
      newCluster: () => sqlite.identity.clusterId,
      admit: (cluster) => this.#membership.admit(cluster),
      onState: (state, why) => {
        if (state === 'joined') this.#publisher.poke();
        if (state === 'joined' || state === 'refused') this.#onFacts();
        reportLink({ health, log }, config.endpoints.join(', '), { state, why, listed: this.#listed });
      },
      reader: {
        startList: (cluster) => this.mirror.startList(this.#membership.isEmptied(cluster)),
        page: (items: readonly KeyValue[]) => this.mirror.page(items),
        endList: (cluster) => this.#endList(cluster),
        apply: (events: readonly EtcdEvent[]) => this.#apply(events),
      },
    });
  }

  #makeLives(): Lives {
    const { sqlite, config, log, clock = systemClock } = this.#options;
    return new Lives({
      mirror: this.mirror,
      clock,
      log,
      dropMs: config.dropAfter * 1_000,
      forgetMs: config.forgetAfter * 1_000,
      settleMs: config.lease * 1_000 + settleMs,
      inSight: () => this.#listed && (this.link.state === 'joined' || this.link.state === 'refused'),
      nameOf: (host) => this.nameOf(host),
      remove: (host) => this.remove(host),
      gone: sqlite.journal.gone(),
      keepGone: (gone) => this.#journal.keepGone(gone),
      onChange: () => this.#flush(),
    });
  }

  #makePublisher(): Publisher {
    const { sqlite, health } = this.#options;
    return new Publisher({
      hostId: sqlite.identity.hostId,
      link: this.link,
      mirror: this.mirror,
      claims: () => new Map([...this.#proposals, ...this.#membership.claims(this.mirror)]),
      changes: () => this.#changes,
      mayDrop: () => this.#state?.snapshot.complete ?? false,
      onWritten: (keys) => {
        for (const key of keys) this.#changes.delete(key);
        this.#flush();
      },
      onFault: (error) =>
        error
          ? health.set('published', { ok: false, degradesOnly: true, code: error.code, text: error.message })
          : health.set('published', { ok: true, text: 'the cluster has the records of this host' }),
    });
  }

  #endList(cluster: ClusterValue): void {
    const emptied = this.#membership.isEmptied(cluster);
    this.mirror.endList();
    if (emptied) {
      this.#options.log.warn(
        { event: 'store.emptied' },
        'the store was emptied: nothing is deleted, members write again',
      );
    }
    this.#membership.enter(cluster);
    this.#membership.adoptBlocks(this.mirror);
    if (this.#listed || emptied) this.#lives.settle();
    this.#listed = true;
    this.#lives.look(0);
    this.#flush();
    this.#isMember();
    this.#onFacts();
  }

  #apply(events: readonly EtcdEvent[]): void {
    this.mirror.apply(events);
    if (events.some(isAboutHosts)) this.#lives.look(0);
    this.#flush();
    if (this.mirror.needsList) this.link.restart();
  }

  /** Hands on what differs. */
  #flush(): void {
    if (!this.#state) return;
    const { put, drop, facts } = this.mirror.take();
    if (put.length + drop.length > 0) {
      const keys = drop.map((id) => `container/${id}` as const);
      void this.#state.change(clusterSource, put, keys);
    }
    if (!facts) return;
    this.#onFacts();
    this.#publisher.poke();
  }

  async #close(): Promise<void> {
    this.#lives.close();
    await this.#publisher.close();
    await this.link.close();
    await this.#journal.close();
  }
}
