// Questions that are not ours: from the cache, or from the upstreams, equal questions together. A question that comes back to
// us through a loop joins the one under way instead of making another round, so a loop never multiplies.
import type { Exchange } from './exchange.ts';
import type { FailureCache } from './failure-cache.ts';
import type { Note } from './note.ts';
import type { Query } from './query.ts';
import { raceUpstreams } from './race.ts';
import { lifetimeOf } from './read-reply.ts';
import { type Relayable, toRelayable } from './relay-reply.ts';
import { cacheKey, type ReplyCache } from './reply-cache.ts';
import type { UpstreamSet, UpstreamSets } from './upstream-sets.ts';
import type { Upstream, UpstreamHealth } from './upstreams.ts';

export interface ForwardOptions {
  readonly exchange: Exchange;
  readonly health: UpstreamHealth;
  readonly sets: Pick<UpstreamSets, 'of'>;
  readonly cache: ReplyCache;
  readonly failures: FailureCache;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  /** Different questions under way at once; each holds up to three sockets. */
  readonly maxForwards: number;
  /** Clients waiting for them. */
  readonly maxWaiting: number;
  /** Told of each try at an upstream, see race.ts. */
  readonly onTry: (upstream: Upstream, seconds: number | undefined) => void;
  /** Told after each forward: how long it took, whether any upstream answered. */
  readonly onDone: (seconds: number, answered: boolean) => void;
}

export interface ForwardedReply {
  readonly outcome: 'reply';
  readonly path: 'cache' | 'forward' | 'stale';
  readonly reply: Relayable;
  readonly ageSeconds: number;
}

/** `busy` beyond a bound, `failed` when no upstream answered and nothing is known from before. */
export type Forwarded = ForwardedReply | { readonly outcome: 'busy' } | { readonly outcome: 'failed' };

type Asked = Pick<ForwardedReply, 'reply' | 'path'> | undefined;

export class Forwarder {
  readonly #options: ForwardOptions;
  readonly #underWay = new Map<string, Promise<Asked>>();
  #waiting = 0;

  constructor(options: ForwardOptions) {
    this.#options = options;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** What the cache holds, without waiting; `own` are the upstreams of the client. */
  cached(query: Query, own: readonly Upstream[], note?: Note): Forwarded | undefined {
    const set = this.#options.sets.of(query.name, own);
    const key = cacheKey(query, set.key);
    const found = this.#options.cache.get(key, this.#options.now());
    if (!found) return this.#failed(key, note);
    const { reply, ageSeconds, stale, wearsOut } = found;
    note?.(`the cache has it, ${ageSeconds} s old${stale ? '; expired, and no upstream answered a moment ago' : ''}`);
    // Half of the places stay for questions that somebody waits for.
    const place = this.underWay < this.#options.maxForwards / 2 && !this.#underWay.has(key);
    if (wearsOut && place) void this.#begin(key, query, set);
    return { outcome: 'reply', path: stale ? 'stale' : 'cache', reply, ageSeconds };
  }

  /** What came of the same question a moment ago, if nobody knew better. */
  #failed(key: string, note?: Note): Forwarded | undefined {
    const { failures, now } = this.#options;
    const failure = failures.get(key, now());
    if (!failure) return undefined;
    note?.(`no upstream could answer it ${failure.ageSeconds} s ago; they are not asked again yet`);
    const { reply, ageSeconds } = failure;
    return reply ? { outcome: 'reply', path: 'cache', reply, ageSeconds } : { outcome: 'failed' };
  }

  /** Settles in less than 2 s; never rejects. */
  async forward(query: Query, own: readonly Upstream[], note?: Note): Promise<Forwarded> {
    const cached = this.cached(query, own, note);
    if (cached) return cached;
    const set = this.#options.sets.of(query.name, own);
    note?.(`not in the cache; asked: ${set.why}`);
    const key = cacheKey(query, set.key);
    const known = this.#underWay.get(key);
    const full = this.#waiting >= this.#options.maxWaiting || (!known && this.underWay >= this.#options.maxForwards);
    if (full) return { outcome: 'busy' };
    if (known) note?.('the same question is under way; its answer is waited for');
    this.#waiting += 1;
    const asked = await (known ?? this.#begin(key, query, set, note));
    this.#waiting -= 1;
    return asked ? { outcome: 'reply', ...asked, ageSeconds: 0 } : { outcome: 'failed' };
  }

  #begin(key: string, query: Query, set: UpstreamSet, note?: Note): Promise<Asked> {
    const work = this.#ask(key, query, set, note).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, work);
    return work;
  }

  async #ask(key: string, query: Query, set: UpstreamSet, note?: Note): Promise<Asked> {
    const { cache, failures, now, onDone } = this.#options;
    const begun = now();
    const answered = await raceUpstreams(query, set.list, this.#options, note);
    onDone((now() - begun) / 1000, answered !== undefined);
    // Only "here it is", "no such record" and "no such name" are facts; everything else is a mood.
    const isFact = answered !== undefined && (answered.shape.rcode === 0 || answered.shape.rcode === 3);
    const before = isFact ? undefined : cache.getStale(key, now());
    if (before) {
      note?.('what was known before is given out for a while');
      return { path: 'stale', reply: before };
    }
    const reply = answered && toRelayable(answered.message, answered.shape);
    if (!isFact && set.list.length > 0) failures.set(key, reply, now());
    if (!answered || !reply) return undefined;
    if (isFact) {
      const negative = !answered.shape.records.some(
        (record) => record.section === 'answer' && record.type === query.type,
      );
      cache.set(key, reply, lifetimeOf(answered.message, answered.shape, query.type), negative, now());
    }
    return { path: 'forward', reply };
  }
}
