// One question to several upstreams: at most three tries, each given 600 ms before the next begins; a slow one may still
// answer while later ones run. Together they have 1.8 s, also where timers are late or a try fails at its end: an answer, or
// the certainty that there is none, is promised within 2 s.
import { SuiteError } from '../shared/model/errors.ts';
import { rcode, rcodeName } from './dns-codes.ts';
import type { Exchange, UpstreamReply } from './exchange.ts';
import type { Note } from './note.ts';
import type { Query } from './query.ts';
import { nameOfUpstream, type Upstream, type UpstreamHealth } from './upstreams.ts';

export interface RaceOptions {
  readonly exchange: Exchange;
  readonly health: UpstreamHealth;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  /** Told of each try: seconds until the reply, undefined without one. */
  readonly onTry: (upstream: Upstream, seconds: number | undefined) => void;
}

const maxTries = 3;
export const tryMs = 600;
const totalMs = maxTries * tryMs;

/** The reply of the first upstream of the list that gives a usable one; undefined if none does. Never rejects. */
export function raceUpstreams(
  query: Query,
  list: readonly Upstream[],
  options: RaceOptions,
  note?: Note,
): Promise<UpstreamReply | undefined> {
  const order = options.health.inOrder(list, options.now());
  if (order.length === 0) {
    note?.(list.length === 0 ? 'there is no upstream to ask' : 'every upstream leads back to this service');
    return Promise.resolve(undefined);
  }
  return new Promise((resolve) => new Race(query, order, options, resolve, note).next());
}

/** An upstream that says this might be lame; another one may know better (RFC 1035 gives it no better meaning). */
function isRefusal(reply: UpstreamReply): boolean {
  const code = reply.shape.rcode;
  return code === rcode.SERVFAIL || code === rcode.REFUSED || code === rcode.NOTIMP;
}

class Race {
  readonly #query: Query;
  readonly #order: readonly Upstream[];
  readonly #options: RaceOptions;
  readonly #done: (reply: UpstreamReply | undefined) => void;
  readonly #stop = new AbortController();
  #tries = 0;
  #open = 0;
  #refusal: UpstreamReply | undefined;
  #timer: NodeJS.Timeout | undefined;
  #over = false;
  readonly #endsAt: number;
  readonly #note: Note | undefined;

  constructor(
    query: Query,
    order: readonly Upstream[],
    options: RaceOptions,
    done: (reply: UpstreamReply | undefined) => void,
    note: Note | undefined,
  ) {
    this.#note = note;
    this.#query = query;
    this.#order = order;
    this.#options = options;
    this.#done = done;
    this.#endsAt = options.now() + totalMs;
  }

  /** Begins the next try, or ends if there is none and nothing is open. */
  next(): void {
    if (this.#over) return;
    clearTimeout(this.#timer);
    const upstream = this.#tries < maxTries ? this.#order[this.#tries % this.#order.length] : undefined;
    if (!upstream) {
      if (this.#open === 0) this.#finish(this.#refusal);
      else this.#timer = setTimeout(() => this.#finish(this.#refusal), this.#left());
      return;
    }
    this.#tries += 1;
    this.#open += 1;
    let slow = false;
    const { exchange, health, now, onTry } = this.#options;
    const begun = now();
    this.#timer = setTimeout(() => {
      slow = true;
      health.failed(upstream, now());
      onTry(upstream, undefined);
      this.#note?.(`${nameOfUpstream(upstream)}: no answer within ${tryMs} ms`);
      if (this.#tries < maxTries && this.#left() > 0) this.next();
      else this.#finish(this.#refusal);
    }, this.#left());
    exchange(upstream, this.#query, this.#stop.signal).then(
      (reply) => this.#answered(upstream, reply, slow ? undefined : now() - begun),
      (error) => this.#failed(upstream, slow, error),
    );
  }

  /** Milliseconds for the next step. */
  #left(): number {
    return Math.max(0, Math.min(tryMs, this.#endsAt - this.#options.now()));
  }

  /** `tookMs` is undefined for a try that was given up, which has been told of. */
  #answered(upstream: Upstream, reply: UpstreamReply, tookMs: number | undefined): void {
    this.#open -= 1;
    if (this.#over) return;
    this.#options.health.answered(upstream);
    if (tookMs !== undefined) this.#options.onTry(upstream, tookMs / 1000);
    this.#note?.(`${nameOfUpstream(upstream)}: ${rcodeName(reply.shape.rcode)}`);
    const refusal = isRefusal(reply);
    if (refusal) this.#refusal ??= reply;
    const others = this.#tries < Math.min(maxTries, this.#order.length);
    if (!refusal) this.#finish(reply);
    else if (others) this.next();
    else if (this.#open === 0) this.#finish(this.#refusal);
  }

  #failed(upstream: Upstream, slow: boolean, error: Error): void {
    this.#open -= 1;
    if (this.#over) return;
    // A slow try was counted, and followed, when its time was over.
    if (slow) return;
    this.#note?.(`${nameOfUpstream(upstream)}: ${error.message}`);
    this.#options.health.failed(upstream, this.#options.now());
    this.#options.onTry(upstream, undefined);
    this.next();
  }

  #finish(reply: UpstreamReply | undefined): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#stop.abort(new SuiteError('DEADLINE', 'wait for an upstream: the question is settled'));
    this.#done(reply);
  }
}
