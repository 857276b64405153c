// Questions that are not ours: from the cache, or from the upstreams, equal questions together. A question that comes back to
// us through a loop joins the one under way instead of making another round, so a loop never multiplies.
import type { Exchange } from './exchange.ts';
import type { Query } from './query.ts';
import { raceUpstreams } from './race.ts';
import { lifetimeOf } from './read-reply.ts';
import { type Relayable, toRelayable } from './relay-reply.ts';
import { cacheKey, type ReplyCache } from './reply-cache.ts';
import type { UpstreamHealth } from './upstreams.ts';

export interface ForwardOptions {
  readonly exchange: Exchange;
  readonly health: UpstreamHealth;
  readonly cache: ReplyCache;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  /** Different questions under way at once; each holds up to three sockets. */
  readonly maxForwards: number;
  /** Clients waiting for them. */
  readonly maxWaiting: number;
  /** Told after each forward: how long it took, whether any upstream answered. */
  readonly onDone: (seconds: number, answered: boolean) => void;
}

export interface ForwardedReply {
  readonly outcome: 'reply';
  readonly path: 'cache' | 'forward';
  readonly reply: Relayable;
  readonly ageSeconds: number;
}

/** `busy` beyond a bound, `failed` when no upstream answered. */
export type Forwarded = ForwardedReply | { readonly outcome: 'busy' } | { readonly outcome: 'failed' };

export class Forwarder {
  readonly #options: ForwardOptions;
  readonly #underWay = new Map<string, Promise<Relayable | undefined>>();
  #waiting = 0;

  constructor(options: ForwardOptions) {
    this.#options = options;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** What the cache holds, without waiting. */
  cached(query: Query): ForwardedReply | undefined {
    const found = this.#options.cache.get(cacheKey(query), this.#options.now());
    return found && { outcome: 'reply', path: 'cache', ...found };
  }

  /** Settles in less than 2 s; never rejects. */
  async forward(query: Query): Promise<Forwarded> {
    const cached = this.cached(query);
    if (cached) return cached;
    const key = cacheKey(query);
    const known = this.#underWay.get(key);
    const full = this.#waiting >= this.#options.maxWaiting || (!known && this.underWay >= this.#options.maxForwards);
    if (full) return { outcome: 'busy' };
    this.#waiting += 1;
    const reply = await (known ?? this.#begin(key, query));
    this.#waiting -= 1;
    return reply ? { outcome: 'reply', path: 'forward', reply, ageSeconds: 0 } : { outcome: 'failed' };
  }

  #begin(key: string, query: Query): Promise<Relayable | undefined> {
    const work = this.#ask(key, query).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, work);
    return work;
  }

  async #ask(key: string, query: Query): Promise<Relayable | undefined> {
    const { cache, now, onDone } = this.#options;
    const begun = now();
    const answered = await raceUpstreams(query, this.#options);
    onDone((now() - begun) / 1000, answered !== undefined);
    if (!answered) return undefined;
    const reply = toRelayable(answered.message, answered.shape);
    // Only "here it is", "no such record" and "no such name" are facts; everything else is a mood.
    if (reply.rcode === 0 || reply.rcode === 3) {
      const negative = !answered.shape.records.some(
        (record) => record.section === 'answer' && record.type === query.type,
      );
      cache.set(key, reply, lifetimeOf(answered.message, answered.shape, query.type), negative, now());
    }
    return reply;
  }
}
