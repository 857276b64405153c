// Keeps the lists of upstreams, finds loops, and tells how the upstreams are. Questions themselves show which ones answer;
// probes are sent when the lists change, when an upstream begins to fail (it may lead back to us now), and once a minute
// while something is wrong.
import type { Health } from '../shared/daemon/health.ts';
import type { LoopProbe } from './loop-probe.ts';
import { watchResolvConf } from './resolv-conf.ts';
import type { UpstreamSets } from './upstream-sets.ts';
import { nameOfUpstream, toUpstreams, type Upstream, type UpstreamHealth } from './upstreams.ts';

/** `auto` reads the host's resolver configuration; or the list from corral.yaml. */
export type WantedUpstreams = 'auto' | readonly string[];
/** Domain to upstreams, as in corral.yaml. */
export type WantedDomains = Readonly<Record<string, readonly string[]>>;

export interface UpstreamKeeperOptions {
  readonly wanted: WantedUpstreams;
  readonly domains: WantedDomains;
  readonly resolvConf: string;
  readonly ownAddress: string;
  readonly state: UpstreamHealth;
  readonly sets: UpstreamSets;
  readonly probe: Pick<LoopProbe, 'run'>;
  readonly health: Pick<Health, 'set'>;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  readonly onChange: (list: readonly Upstream[]) => void;
}

const againMs = 60_000;
/** A failing upstream makes all be probed at most this often. */
const shortestPauseMs = 5_000;

export class UpstreamKeeper {
  readonly #options: UpstreamKeeperOptions;
  #watch: { close(): void } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #probing = false;
  #again = false;
  #probedAt = Number.NEGATIVE_INFINITY;
  #wanted: WantedUpstreams;
  #domains: WantedDomains;
  /** From the answers file; they go before the wanted ones. */
  #filed: readonly string[] = [];
  #common: readonly Upstream[] = [];

  constructor(options: UpstreamKeeperOptions) {
    this.#options = options;
    this.#wanted = options.wanted;
    this.#domains = options.domains;
  }

  /** Begins, at the first call. The listeners must be open: a probe may come back through them. */
  start(): void {
    if (this.#timer) return;
    this.#timer = setInterval(() => {
      if (!this.report()) void this.#look();
    }, againMs).unref();
    this.use(this.#wanted, this.#domains);
  }

  /** Uses these upstreams from now on, or from the start on. */
  use(wanted: WantedUpstreams, domains: WantedDomains): void {
    this.#wanted = wanted;
    this.#domains = domains;
    if (!this.#timer) return;
    const { resolvConf, ownAddress } = this.#options;
    this.#watch?.close();
    this.#watch = undefined;
    if (this.#filed.length > 0) this.#take(toUpstreams(this.#filed, ownAddress));
    else if (wanted !== 'auto') this.#take(toUpstreams(wanted, ownAddress));
    else this.#watch = watchResolvConf(resolvConf, ownAddress, (list) => this.#take(list));
  }

  /** The list of the answers file takes the place of all others, unless it is empty. */
  useFiled(filed: readonly string[]): void {
    if (filed.join() === this.#filed.join()) return;
    this.#filed = filed;
    this.use(this.#wanted, this.#domains);
  }

  close(): void {
    this.#watch?.close();
    clearInterval(this.#timer);
  }

  /** To be called after each question that was passed on. */
  answered(): void {
    const { now } = this.#options;
    if (!this.report() && now() - this.#probedAt >= shortestPauseMs) void this.#look();
  }

  /** States the condition `upstreams`; true if all is well. */
  report(): boolean {
    const { state, health } = this.#options;
    const known = state.known();
    const looping = known.filter((one) => state.isLooping(one)).map(nameOfUpstream);
    const failing = known.filter((one) => state.isFailing(one)).map(nameOfUpstream);
    const dead = this.#common.every((one) => state.isFailing(one));
    const tell = (text: string, code?: 'CONFIG_INVALID' | 'DEADLINE'): void => {
      health.set('upstreams', { ok: code === undefined, text, degradesOnly: true, ...(code ? { code } : {}) });
    };
    if (this.#common.length === 0)
      tell(
        'no upstream: only names of the zone are answered. Add a nameserver line or dns.upstreams',
        'CONFIG_INVALID',
      );
    else if (looping.length > 0)
      tell(`${looping.join(', ')} leads back to this service and is not asked`, 'CONFIG_INVALID');
    else if (dead) tell(`no upstream answers: ${failing.join(', ')}`, 'DEADLINE');
    else if (failing.length > 0) tell(`asked last, since they do not answer: ${failing.join(', ')}`);
    else tell(`${state.list.length} upstreams`);
    return looping.length === 0 && failing.length === 0 && this.#common.length > 0;
  }

  #take(list: Upstream[]): void {
    const { state, sets, ownAddress, onChange } = this.#options;
    const domains = Object.entries(this.#domains).map(
      ([domain, texts]) => [domain, toUpstreams(texts, ownAddress)] as const,
    );
    this.#common = list;
    sets.use({ common: list, domains: new Map(domains) });
    const all = sets.all();
    if (state.use(all)) {
      onChange(all);
      void this.#look();
    }
    this.report();
  }

  /** Probes; a wish that comes meanwhile is another round, since the list may be another one. */
  async #look(): Promise<void> {
    this.#again = true;
    if (this.#probing) return;
    this.#probing = true;
    while (this.#again) {
      this.#again = false;
      this.#probedAt = this.#options.now();
      await this.#options.probe.run();
      this.report();
    }
    this.#probing = false;
  }
}
