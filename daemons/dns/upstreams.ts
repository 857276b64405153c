// Pure: what upstreams are, and what questions have shown of them: those that answer are asked first, the dead ones last.
import { isIP } from 'node:net';

export interface Upstream {
  readonly host: string;
  readonly port: number;
  readonly family: 4 | 6;
}

/** More lines than this are not looked at; the C library reads three. */
const maxUpstreams = 8;
const failuresUntilDown = 2;
const downMs = 10_000;

/** The `nameserver` lines of a resolv.conf, without those that are ourselves. Loopback ones stay: a local resolver is one. */
export function parseResolvConf(text: string, ownAddress: string): Upstream[] {
  const hosts = text.split('\n').flatMap((line) => {
    const match = /^[ \t]*nameserver[ \t]+([^\s#;]+)/.exec(line);
    return match?.[1] === undefined ? [] : [match[1]];
  });
  return toUpstreams(hosts, ownAddress);
}

/** Upstreams from `ip` or `ip:port` texts; what is no address is left out. */
export function toUpstreams(texts: readonly string[], ownAddress: string): Upstream[] {
  const found = new Map<string, Upstream>();
  for (const text of texts) {
    const upstream = parseUpstream(text);
    if (!upstream || (upstream.host === ownAddress && upstream.port === 53)) continue;
    if (found.size < maxUpstreams) found.set(nameOfUpstream(upstream), upstream);
  }
  return [...found.values()];
}

/** `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1` or `[2001:db8::1]:53`. */
function parseUpstream(text: string): Upstream | undefined {
  const bare = isIP(text);
  if (bare === 4 || bare === 6) return { host: text, port: 53, family: bare };
  const [, four, six, port = '53'] = /^(?:([\d.]+)|\[([\da-f:.]+)\])(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = four ?? six ?? '';
  const family = isIP(host);
  const sound = Number(port) >= 1 && Number(port) <= 65_535 && family === (four === undefined ? 6 : 4);
  return sound ? { host, port: Number(port), family: family as 4 | 6 } : undefined;
}

/** False for an upstream that a container means inside itself: its loopback is not the host's. */
export function isUsableFrom(upstream: Upstream): boolean {
  return !upstream.host.startsWith('127.') && upstream.host !== '::1';
}

export function nameOfUpstream(upstream: Upstream): string {
  return upstream.family === 6 ? `[${upstream.host}]:${upstream.port}` : `${upstream.host}:${upstream.port}`;
}

interface State {
  readonly upstream: Upstream;
  failures: number;
  /** Down until then, milliseconds of the injected clock. */
  downUntil: number;
  loops: boolean;
}

/** Upstreams that clients bring along are forgotten beyond this number, the ones unused for longest first. */
const maxStates = 256;

/** What questions have shown of each upstream; there are no questions for health's sake alone. */
export class UpstreamHealth {
  #list: readonly Upstream[] = [];
  /** In order of use, the least recent first. */
  readonly #states = new Map<string, State>();

  /** The configured ones. */
  get list(): readonly Upstream[] {
    return this.#list;
  }

  /** Replaces the configured list; states of upstreams that stay are kept. Returns whether it differs. */
  use(list: readonly Upstream[]): boolean {
    const names = list.map(nameOfUpstream);
    const before = this.#list.map(nameOfUpstream);
    this.#list = list;
    for (const name of before) if (!names.includes(name)) this.#states.delete(name);
    return names.join() !== before.join();
  }

  /** The configured ones, and those that clients brought along. */
  known(): Upstream[] {
    const all = [...this.#list, ...[...this.#states.values()].map(({ upstream }) => upstream)];
    return [...new Map(all.map((one) => [nameOfUpstream(one), one])).values()];
  }

  answered(upstream: Upstream): void {
    const state = this.#stateOf(upstream);
    state.failures = 0;
    state.downUntil = 0;
  }

  failed(upstream: Upstream, now: number): void {
    const state = this.#stateOf(upstream);
    state.failures += 1;
    if (state.failures >= failuresUntilDown) state.downUntil = now + downMs;
  }

  setLooping(upstream: Upstream, loops: boolean): void {
    this.#stateOf(upstream).loops = loops;
  }

  isLooping(upstream: Upstream): boolean {
    return this.#stateOf(upstream).loops;
  }

  /** Failed the last questions, whether its time out is over or not. */
  isFailing(upstream: Upstream): boolean {
    return this.#stateOf(upstream).failures >= failuresUntilDown;
  }

  /** The order in which to ask now; what leads back to us is not asked at all. */
  inOrder(list: readonly Upstream[], now: number): Upstream[] {
    const usable = list.filter((one) => !this.isLooping(one));
    const down = (one: Upstream): boolean => this.#stateOf(one).downUntil > now;
    return [...usable.filter((one) => !down(one)), ...usable.filter(down)];
  }

  #stateOf(upstream: Upstream): State {
    const name = nameOfUpstream(upstream);
    const state = this.#states.get(name) ?? { upstream, failures: 0, downUntil: 0, loops: false };
    this.#states.delete(name);
    this.#states.set(name, state);
    const [oldest] = this.#states.keys();
    if (this.#states.size > maxStates && oldest !== undefined) this.#states.delete(oldest);
    return state;
  }
}
