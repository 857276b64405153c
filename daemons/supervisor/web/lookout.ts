// What the page is made from: what metadata's watch tells, the events, and every two seconds what the other daemons say. They
// are asked only while somebody looks at the page, and a little longer.
import { daemonSocket, type Paths } from '../../shared/model/paths.ts';
import { Loop } from '../../shared/reconcile/loop.ts';
import { callJson } from '../../shared/source/call.ts';
import type { HostList, StoreStatus } from '../cli/render-cluster.ts';
import type { Peer } from '../cli/render-peers.ts';
import type { SuiteStatus } from '../describe-status.ts';
import type { EventRing } from '../events/event-ring.ts';
import type { World } from '../world.ts';
import type { Facts } from './view-types.ts';

export interface LookoutOptions {
  readonly paths: Paths;
  readonly zone: string;
  readonly world: World;
  readonly ring: EventRing;
  readonly status: () => SuiteStatus;
  /** How long to go on after the last one has looked away, ms. */
  readonly lingerMs?: number;
}

const everyMs = 2_000;
const askMs = 1_500;
const usualLingerMs = 20_000;
const mostEvents = 200;

export class Lookout {
  readonly #options: LookoutOptions;
  readonly #listeners = new Set<() => void>();
  #lookers = 0;
  #loop: Loop | undefined;
  #end: NodeJS.Timeout | undefined;
  #suite: SuiteStatus;
  #suiteAt = Date.now();
  #store: StoreStatus | null = null;
  #hosts: HostList | null = null;
  #hostsAt = 0;
  #peers: readonly Peer[] | null = null;
  #peersAt = 0;
  #hasAsked = false;

  constructor(options: LookoutOptions) {
    this.#options = options;
    this.#suite = options.status();
    const tell = (): void => this.#tell();
    options.world.onChange(tell);
    options.world.onFresh(tell);
    options.ring.onEvent(tell);
  }

  /** Somebody looks, until the function returned is called. */
  look(): () => void {
    this.#lookers += 1;
    clearTimeout(this.#end);
    if (!this.#loop) this.#begin();
    let looks = true;
    return () => {
      if (!looks) return;
      looks = false;
      this.#lookers -= 1;
      if (this.#lookers > 0) return;
      this.#end = setTimeout(() => void this.close(), this.#options.lingerMs ?? usualLingerMs).unref();
    };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A daemon's state is another one. */
  noteDaemons(): void {
    if (!this.#loop) return;
    this.#lookAtDaemons();
    this.#tell();
  }

  facts(): Facts {
    const { world, ring, zone } = this.#options;
    return {
      suite: this.#suite,
      suiteAt: this.#suiteAt,
      zone,
      snapshot: world.snapshot,
      isFresh: world.isFresh,
      store: this.#store,
      hosts: this.#hosts,
      hostsAt: this.#hostsAt,
      peers: this.#peers,
      peersAt: this.#peersAt,
      events: ring.after(undefined, mostEvents).events,
    };
  }

  /** Resolves once there is something to show, or when that takes too long. */
  ready(): Promise<void> {
    const isReady = (): boolean => this.#options.world.snapshot !== undefined && this.#hasAsked;
    if (isReady()) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        stop();
        resolve();
      };
      const timer = setTimeout(finish, everyMs);
      const stop = this.onChange(() => isReady() && finish());
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#end);
    const loop = this.#loop;
    this.#loop = undefined;
    this.#hasAsked = false;
    await loop?.close();
  }

  #begin(): void {
    this.#lookAtDaemons();
    this.#loop = new Loop({ pass: () => this.#ask(), failed: () => {}, everyMs });
    this.#loop.poke();
  }

  async #ask(): Promise<void> {
    const loop = this.#loop;
    const isGone = [...(this.#options.world.snapshot?.all('host') ?? [])].some(({ alive }) => alive === false);
    const [store, peers, hosts] = await Promise.all([
      this.#askFor<StoreStatus>('metadata', '/v1/store'),
      this.#askFor<readonly Peer[]>('overlay', '/v1/peers'),
      isGone ? this.#askFor<HostList>('metadata', '/v1/hosts') : null,
    ]);
    if (loop !== this.#loop) return; // looked away meanwhile
    this.#store = store;
    this.#peers = peers;
    this.#peersAt = Date.now();
    this.#hosts = hosts;
    this.#hostsAt = Date.now();
    this.#lookAtDaemons();
    this.#hasAsked = true;
    this.#tell();
  }

  #lookAtDaemons(): void {
    this.#suite = this.#options.status();
    this.#suiteAt = Date.now();
  }

  /** Null for a daemon that is away: the table of daemons tells of it. */
  #askFor<T>(daemon: 'metadata' | 'overlay', path: string): Promise<T | null> {
    return callJson<T>(daemonSocket(this.#options.paths, daemon), path, { timeoutMs: askMs }).catch(() => null);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
