// Pure: which upstreams there are, and in which order they are asked: those that answer first, the dead ones last for a while.
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

function parseUpstream(text: string): Upstream | undefined {
  if (isIP(text) !== 0) return { host: text, port: 53, family: isIP(text) as 4 | 6 };
  const [, host = '', port = ''] = /^([\d.]+):(\d{1,5})$/.exec(text) ?? [];
  return isIP(host) === 4 && Number(port) >= 1 && Number(port) <= 65_535
    ? { host, port: Number(port), family: 4 }
    : undefined;
}

export function nameOfUpstream(upstream: Upstream): string {
  return upstream.family === 6 ? `[${upstream.host}]:${upstream.port}` : `${upstream.host}:${upstream.port}`;
}

interface State {
  failures: number;
  /** Down until then, milliseconds of the injected clock. */
  downUntil: number;
  loops: boolean;
}

/** What questions have shown of each upstream; there are no questions for health's sake alone. */
export class UpstreamHealth {
  #list: readonly Upstream[] = [];
  readonly #states = new Map<string, State>();

  get list(): readonly Upstream[] {
    return this.#list;
  }

  /** Replaces the list; states of upstreams that stay are kept. Returns whether it differs. */
  use(list: readonly Upstream[]): boolean {
    const names = new Set(list.map(nameOfUpstream));
    const same =
      list.length === this.#list.length && this.#list.every((one, at) => nameOfUpstream(one) === [...names][at]);
    this.#list = list;
    for (const name of [...this.#states.keys()]) if (!names.has(name)) this.#states.delete(name);
    return !same;
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
  inOrder(now: number): Upstream[] {
    const usable = this.#list.filter((one) => !this.isLooping(one));
    const down = (one: Upstream): boolean => this.#stateOf(one).downUntil > now;
    return [...usable.filter((one) => !down(one)), ...usable.filter(down)];
  }

  #stateOf(upstream: Upstream): State {
    const name = nameOfUpstream(upstream);
    const known = this.#states.get(name);
    if (known) return known;
    const made: State = { failures: 0, downUntil: 0, loops: false };
    if (this.#list.some((one) => nameOfUpstream(one) === name)) this.#states.set(name, made);
    return made;
  }
}
