// The way to the cluster's store: one session after the other, each of which finds the cluster, reads all, watches from there
// and keeps this host's lease. Any fault ends a session; the next one begins a moment later, with the next endpoint.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  Compare,
  EtcdEvent,
  EtcdLink,
  KeyValue,
  Operation,
  TransactionResult,
} from '../../shared/effects/etcd.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { backoffMs } from '../../shared/reconcile/backoff.ts';
import { clusterKey, renderKey, root } from './keys.ts';
import { asSuiteError, holderOf, isOf, twice, waitError } from './link-parts.ts';
import { type AliveValue, type ClusterValue, parseCluster } from './values.ts';

/** Where the way stands. `refused`: another machine holds this host's lease. */
export type LinkState = 'cut-off' | 'waiting' | 'reading' | 'refused' | 'joined';

/** What the sessions need to know of this host, and whom they tell. */
export interface LinkOptions {
  readonly endpoints: readonly string[];
  readonly open: (endpoint: string) => Promise<EtcdLink>;
  readonly hostId: string;
  /** One life of the daemon. */
  readonly instance: string;
  readonly place: string;
  /** How this host is called where two claim to be it. */
  readonly name: () => { name: string; agentIp: string | null };
  /** How long a host that was in no cluster before looks at an empty store before it makes one, ms. */
  readonly joinWaitMs: number;
  readonly leaseSeconds: number;
  /** The id of the cluster that this host joined; undefined if it never did. */
  readonly joined: () => string | undefined;
  /** The id for a cluster that is made now. */
  readonly newCluster: () => string;
  /** Throws if this host cannot belong to that cluster. */
  readonly admit: (cluster: ClusterValue) => void;
  readonly onState: (state: LinkState, why: SuiteError | undefined) => void;
  /** Entered in order: a list begins, its pages, its end; then changes. */
  readonly reader: LinkReader;
}

export interface LinkReader {
  startList(cluster: ClusterValue): void;
  page(items: readonly KeyValue[]): void;
  endList(cluster: ClusterValue): void;
  apply(events: readonly EtcdEvent[]): void;
}

const retry = { firstMs: 250, maxMs: 2_000 };
/** A session that lasted this long was a good one: the next begins at once. */
const goodMs = 10_000;
const lookMs = 500;

export class ClusterLink {
  readonly #options: LinkOptions;
  readonly #aliveKey: string;
  #link: EtcdLink | undefined;
  #leaseText = '';
  #state: LinkState = 'cut-off';
  #refusal: SuiteError | undefined;
  #closed = false;
  #running: Promise<void> | undefined;
  #emptySince: number | undefined;
  #makeNow = false;
  #wake: (() => void) | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#aliveKey = renderKey({ at: 'alive', host: options.hostId });
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Why another machine is this host and this one is not. */
  get refusal(): SuiteError | undefined {
    return this.#state === 'refused' ? this.#refusal : undefined;
  }

  start(): void {
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    this.#link?.close();
    await this.#running;
  }

  /** Ends the wait at an empty store; false if it does not wait. */
  makeCluster(): boolean {
    if (this.#state !== 'waiting') return false;
    this.#makeNow = true;
    this.#wake?.();
    return true;
  }

  /** Reads all again, over a new connection, which does not wait longer if one is waited for. */
  restart(): void {
    if (this.#end) this.#end(new SuiteError('STORE_UNAVAILABLE', 'read the store again'));
    else this.#wake?.();
  }

  /** A transaction in the name of this host: it is done only while this host holds its lease. */
  async transact(
    when: readonly Compare[],
    then: readonly Operation[],
    read: readonly string[] = [],
  ): Promise<TransactionResult> {
    const link = this.#link;
    if (!link || this.#state !== 'joined') throw this.unavailable('write');
    return link.transact([...when, { key: this.#aliveKey, value: this.#leaseText }], then, read);
  }

  /** Pages of all that the store holds. */
  list(): ReturnType<EtcdLink['list']> {
    if (!this.#link) throw this.unavailable('read the store');
    return this.#link.list(root);
  }

  unavailable(attempted: string): SuiteError {
    const code = this.#state === 'waiting' ? 'CLUSTER_WAIT' : 'STORE_UNAVAILABLE';
    return new SuiteError(code, `${attempted}: the cluster's store is not at hand (${this.#state})`, {
      hint: 'see corral status; what this host knew last stays in use',
    });
  }

  #end: ((error: Error) => void) | undefined;

  async #run(): Promise<void> {
    for (let failures = 0, at = 0; !this.#closed; at += 1) {
      const began = performance.now();
      const endpoint = this.#options.endpoints[at % this.#options.endpoints.length]!;
      const error = await this.#session(endpoint).catch((cause: unknown) => asSuiteError(cause));
      if (this.#closed) return;
      this.#enter('cut-off', error ?? undefined);
      failures = performance.now() - began > goodMs ? 1 : failures + 1;
      await this.#pause(backoffMs(failures, Math.random(), retry));
    }
  }

  /** Ends with the error that ended it. */
  async #session(endpoint: string): Promise<never> {
    const { open, reader } = this.#options;
    const link = await open(endpoint);
    this.#link = link;
    const ended = new Promise<never>((_, reject) => {
      this.#end = reject;
    });
    ended.catch(() => undefined);
    try {
      const cluster = await this.#findCluster(link);
      this.#options.admit(cluster);
      this.#enter('reading', undefined);
      reader.startList(cluster);
      let revision = 0;
      for await (const page of link.list(root)) {
        revision = page.revision;
        reader.page(page.items);
      }
      reader.endList(cluster);
      const onEvents = (events: readonly EtcdEvent[]): void => this.#take(events, cluster);
      await link.watch(root, revision + 1, { onEvents, onEnd: (error) => this.#end?.(error) });
      return await Promise.race([ended, this.#stay(link)]);
    } finally {
      this.#end = undefined;
      this.#link = undefined;
      link.close();
    }
  }

  /** The cluster of the store, made if it is ours to make. */
  async #findCluster(link: EtcdLink): Promise<ClusterValue> {
    const { joined, joinWaitMs, newCluster } = this.#options;
    for (;;) {
      const look = await link.transact([{ key: clusterKey, created: 0 }], [], [clusterKey]);
      if (this.#closed) throw this.unavailable('find the cluster');
      if (look.found[0]) {
        this.#emptySince = undefined;
        return parseCluster(look.found[0].value);
      }
      this.#emptySince ??= performance.now();
      const waited = performance.now() - this.#emptySince;
      if (joined() !== undefined || this.#makeNow || waited >= joinWaitMs) {
        const made: ClusterValue = { id: newCluster(), incarnation: randomUUID() };
        await link.transact([{ key: clusterKey, created: 0 }], [{ put: clusterKey, value: JSON.stringify(made) }]);
      } else {
        this.#enter('waiting', waitError(joinWaitMs));
        await this.#pause(Math.min(lookMs, joinWaitMs - waited));
      }
    }
  }

  /** Holds the lease for as long as it can be held. */
  async #stay(link: EtcdLink): Promise<never> {
    const { leaseSeconds } = this.#options;
    for (;;) {
      const lease = await this.#claimLease(link);
      this.#enter('joined', undefined);
      do {
        await this.#pause((leaseSeconds * 1000) / 3);
        if (this.#closed) throw this.unavailable('stay');
      } while (this.#state === 'joined' && (await link.keepAlive(lease)));
    }
  }

  async #claimLease(link: EtcdLink): Promise<string> {
    const { instance, place, name, leaseSeconds } = this.#options;
    const began = performance.now();
    const lease = await link.grantLease(leaseSeconds);
    this.#leaseText = JSON.stringify({ instance, place, ...name() } satisfies AliveValue);
    const put: Operation = { put: this.#aliveKey, value: this.#leaseText, lease };
    for (;;) {
      const first = await link.transact([{ key: this.#aliveKey, created: 0 }], [put], [this.#aliveKey]);
      if (first.done) return lease;
      const found = first.found[0];
      const holder = found && holderOf(found.value);
      if (found && (!holder || holder.place === place)) {
        // Our own, from an earlier life or connection.
        const next = await link.transact([{ key: this.#aliveKey, modified: found.modified }], [put]);
        if (next.done) return lease;
        continue;
      }
      if (!(await link.keepAlive(lease))) throw this.unavailable('hold a lease');
      const waited = performance.now() - began;
      if (holder && waited > leaseSeconds * 1_500) this.#enter('refused', twice(holder, name()));
      await this.#pause(Math.min(2_000, leaseSeconds * 200));
      if (this.#closed) throw this.unavailable('claim a lease');
    }
  }

  #take(events: readonly EtcdEvent[], { incarnation }: ClusterValue): void {
    for (const event of events) {
      const key = 'put' in event ? event.put.key : event.drop;
      if (key === clusterKey && !('put' in event && isOf(event.put.value, incarnation))) {
        this.#end?.(new SuiteError('STORE_UNAVAILABLE', 'the store was emptied or replaced'));
        return;
      }
      if (key === this.#aliveKey && this.#state === 'joined') this.#lost(event);
    }
    this.#options.reader.apply(events);
  }

  /** Somebody took the lease, or it expired: claim it again, which tells who it was. */
  #lost(event: EtcdEvent): void {
    if ('put' in event && event.put.value === this.#leaseText) return;
    this.#state = 'reading';
    this.#wake?.();
  }

  #enter(state: LinkState, why: SuiteError | undefined): void {
    this.#state = state;
    this.#refusal = why;
    this.#options.onState(state, why);
  }

  async #pause(ms: number): Promise<void> {
    if (this.#closed) return;
    const stop = new AbortController();
    this.#wake = () => stop.abort();
    await sleep(ms, undefined, { signal: stop.signal }).catch(() => undefined);
    this.#wake = undefined;
  }
}
