// Keeps the list of upstreams, finds loops, and tells how the upstreams are. Questions themselves show which ones answer;
// probes are sent only when the list changes and, while something is wrong, once a minute.
import type { Health } from '../shared/daemon/health.ts';
import type { LoopProbe } from './loop-probe.ts';
import { watchResolvConf } from './resolv-conf.ts';
import { nameOfUpstream, toUpstreams, type Upstream, type UpstreamHealth } from './upstreams.ts';

export interface UpstreamKeeperOptions {
  readonly wanted: WantedUpstreams;
  readonly resolvConf: string;
  readonly ownAddress: string;
  readonly state: UpstreamHealth;
  readonly probe: Pick<LoopProbe, 'run'>;
  readonly health: Pick<Health, 'set'>;
  readonly onChange: (list: readonly Upstream[]) => void;
}

const againMs = 60_000;

/** `auto` reads the host's resolver configuration; or the list from corral.yaml. */
export type WantedUpstreams = 'auto' | readonly string[];

export class UpstreamKeeper {
  readonly #options: UpstreamKeeperOptions;
  #watch: { close(): void } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #probing = false;
  #again = false;
  #wanted: WantedUpstreams;

  constructor(options: UpstreamKeeperOptions) {
    this.#options = options;
    this.#wanted = options.wanted;
  }

  /** Begins, at the first call. The listeners must be open: a probe may come back through them. */
  start(): void {
    if (this.#timer) return;
    this.#timer = setInterval(() => {
      if (!this.report()) void this.#look();
    }, againMs).unref();
    this.use(this.#wanted);
  }

  /** Uses these upstreams from now on, or from the start on. */
  use(wanted: WantedUpstreams): void {
    this.#wanted = wanted;
    if (!this.#timer) return;
    const { resolvConf, ownAddress } = this.#options;
    this.#watch?.close();
    this.#watch = undefined;
    if (wanted === 'auto') this.#watch = watchResolvConf(resolvConf, ownAddress, (list) => this.#take(list));
    else this.#take(toUpstreams(wanted, ownAddress));
  }

  close(): void {
    this.#watch?.close();
    clearInterval(this.#timer);
  }

  /** States the condition `upstreams`; true if all is well. */
  report(): boolean {
    const { state, health } = this.#options;
    const looping = state.list.filter((one) => state.isLooping(one)).map(nameOfUpstream);
    const failing = state.list.filter((one) => state.isFailing(one)).map(nameOfUpstream);
    const total = state.list.length;
    const tell = (text: string, code?: 'CONFIG_INVALID' | 'DEADLINE'): void => {
      health.set('upstreams', { ok: code === undefined, text, degradesOnly: true, ...(code ? { code } : {}) });
    };
    if (total === 0)
      tell(
        'no upstream: only names of the zone are answered. Add a nameserver line or dns.upstreams',
        'CONFIG_INVALID',
      );
    else if (looping.length > 0)
      tell(`${looping.join(', ')} leads back to this service and is not asked`, 'CONFIG_INVALID');
    else if (failing.length === total) tell(`no upstream answers: ${failing.join(', ')}`, 'DEADLINE');
    else
      tell(failing.length > 0 ? `asked last, since they do not answer: ${failing.join(', ')}` : `${total} upstreams`);
    return looping.length === 0 && failing.length === 0 && total > 0;
  }

  #take(list: Upstream[]): void {
    if (this.#options.state.use(list)) {
      this.#options.onChange(list);
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
      await this.#options.probe.run();
      this.report();
    }
    this.#probing = false;
  }
}
