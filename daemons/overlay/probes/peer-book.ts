// Pure: who is asked when, and what follows from the answers. Times are given in milliseconds of one monotonic clock.
//
// A peer that answers is asked again after 5 s. One that does not is asked again after a second, and is down after the third
// question without an answer: 9 s at most, and a single lost packet says nothing. Under the bound on questions a second,
// beyond 2,000 peers, each is asked less often. Peers that are down get 20 questions a second together: a thousand dead ones
// cost no more than forty, and one that is back asks us, whereupon it is asked at once.

/** What a probe is sent to. */
export interface Target {
  /** Unique: network and host. */
  readonly key: string;
  /** Length of the message that makes the largest packet of the network. */
  readonly fullLength: number;
}

export interface Ask<T extends Target> {
  readonly target: T;
  readonly nonce: string;
  readonly full: boolean;
}

export type PeerState = 'up' | 'down' | 'unknown';

export interface PeerView<T extends Target> {
  readonly target: T;
  readonly state: PeerState;
  /** When the state began. */
  readonly since: number;
  readonly lastReply: number | undefined;
  readonly rttMs: number | undefined;
  readonly mtuOk: boolean | undefined;
}

export const everyMs = 5_000;
export const answerMs = 1_000;
/** Questions without an answer until a peer is down. */
export const mostMisses = 3;
export const fullEveryMs = 60_000;
/** Full-size questions without an answer, while short ones are answered, until the way is too small. */
const mostFullMisses = 2;
export const mostPerSecond = 400;
/** Of these to peers that are down. */
const downPerSecond = 20;

interface Entry<T extends Target> {
  target: T;
  state: PeerState;
  since: number;
  lastReply: number | undefined;
  rttMs: number | undefined;
  mtuOk: boolean | undefined;
  misses: number;
  fullMisses: number;
  nextAt: number;
  nextFullAt: number;
  /** Not answered yet. */
  asked: { nonce: string; at: number } | undefined;
  askedFull: { nonce: string; at: number } | undefined;
}

export class PeerBook<T extends Target> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #byNonce = new Map<string, Entry<T>>();
  #down = 0;
  readonly #random: () => number;
  readonly #makeNonce: () => string;

  /** @param random in [0, 1) */
  constructor(random: () => number, makeNonce: () => string) {
    this.#random = random;
    this.#makeNonce = makeNonce;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Peers that are known keep their state. New ones are asked within a second or two, not all at once. */
  want(targets: readonly T[], now: number): void {
    const spreadMs = 500 + (targets.length / mostPerSecond) * 1_000;
    for (const target of targets) {
      const entry = this.#entries.get(target.key);
      if (entry) entry.target = target;
      else this.#entries.set(target.key, this.#newEntry(target, now, now + this.#random() * spreadMs));
    }
    if (this.#entries.size > targets.length) this.#dropOthers(new Set(targets.map(({ key }) => key)));
  }

  #dropOthers(wanted: ReadonlySet<string>): void {
    for (const [key, entry] of this.#entries) {
      if (wanted.has(key)) continue;
      this.#entries.delete(key);
      this.#forget(entry);
    }
  }

  /** The questions to send now, at most `most`; who waits longest comes first. Says which peers changed their state. */
  due(now: number, most: number): { asks: Ask<T>[]; changed: boolean } {
    const ready: Entry<T>[] = [];
    for (const entry of this.#entries.values()) if (entry.nextAt <= now) ready.push(entry);
    ready.sort((a, b) => a.nextAt - b.nextAt);
    let changed = false;
    const asks: Ask<T>[] = [];
    for (const entry of ready.slice(0, most)) {
      if (this.#noteMiss(entry, now)) changed = true;
      asks.push(this.#ask(entry, now));
    }
    for (const entry of this.#entries.values()) {
      if (asks.length >= most) break;
      if (entry.nextFullAt > now || entry.state !== 'up') continue;
      if (this.#noteFullMiss(entry)) changed = true;
      asks.push(this.#askFull(entry, now));
    }
    return { asks, changed };
  }

  /** @returns undefined for an answer to no question of ours, else whether the peer's state changed */
  answered(nonce: string, key: string, now: number): { changed: boolean } | undefined {
    const entry = this.#byNonce.get(nonce);
    if (entry?.target.key !== key) return undefined;
    this.#byNonce.delete(nonce);
    if (entry.askedFull?.nonce === nonce) {
      entry.askedFull = undefined;
      entry.fullMisses = 0;
      entry.nextFullAt = now + this.#jittered(fullEveryMs);
      return { changed: this.#setMtu(entry, true) };
    }
    entry.rttMs = now - (entry.asked?.at ?? now);
    entry.asked = undefined;
    entry.misses = 0;
    entry.lastReply = now;
    entry.nextAt = now + this.#jittered(Math.max(everyMs, (this.size / mostPerSecond) * 1_000));
    return { changed: this.#setState(entry, 'up', now) };
  }

  /** A peer asked us: if it is not known to be up it is asked in the next turn, though not more often than it would have been. */
  heard(key: string, now: number): void {
    const entry = this.#entries.get(key);
    if (entry?.state !== 'down') return;
    entry.nextAt = Math.min(entry.nextAt, Math.max(now, (entry.asked?.at ?? 0) + answerMs));
  }

  /** They change with the book: not to be kept. */
  views(): PeerView<T>[] {
    return [...this.#entries.values()];
  }

  #newEntry(target: T, since: number, nextAt: number): Entry<T> {
    return {
      target,
      state: 'unknown',
      since,
      lastReply: undefined,
      rttMs: undefined,
      mtuOk: undefined,
      misses: 0,
      fullMisses: 0,
      nextAt,
      nextFullAt: nextAt + this.#random() * answerMs,
      asked: undefined,
      askedFull: undefined,
    };
  }

  #ask(entry: Entry<T>, now: number): Ask<T> {
    const nonce = this.#makeNonce();
    entry.asked = { nonce, at: now };
    entry.nextAt = now + (entry.state === 'down' ? this.#jittered(this.#downEveryMs()) : answerMs);
    this.#byNonce.set(nonce, entry);
    return { target: entry.target, nonce, full: false };
  }

  #askFull(entry: Entry<T>, now: number): Ask<T> {
    const nonce = this.#makeNonce();
    entry.askedFull = { nonce, at: now };
    entry.nextFullAt = now + (entry.fullMisses < mostFullMisses ? answerMs : this.#jittered(fullEveryMs / 4));
    this.#byNonce.set(nonce, entry);
    return { target: entry.target, nonce, full: true };
  }

  #downEveryMs(): number {
    return Math.max(2 * answerMs, (this.#down / downPerSecond) * 1_000);
  }

  #noteMiss(entry: Entry<T>, now: number): boolean {
    if (!entry.asked) return false;
    this.#byNonce.delete(entry.asked.nonce);
    entry.misses += 1;
    return entry.misses >= mostMisses && this.#setState(entry, 'down', now);
  }

  #noteFullMiss(entry: Entry<T>): boolean {
    if (!entry.askedFull) return false;
    this.#byNonce.delete(entry.askedFull.nonce);
    entry.fullMisses += 1;
    return entry.fullMisses >= mostFullMisses && this.#setMtu(entry, false);
  }

  #setState(entry: Entry<T>, state: PeerState, now: number): boolean {
    if (entry.state === state) return false;
    this.#down += Number(state === 'down') - Number(entry.state === 'down');
    entry.state = state;
    entry.since = now;
    // What is not reached at all says nothing about sizes.
    if (state === 'up') entry.nextFullAt = now + this.#random() * answerMs;
    if (state === 'down') entry.fullMisses = 0;
    return true;
  }

  #setMtu(entry: Entry<T>, ok: boolean): boolean {
    const changed = entry.mtuOk !== ok;
    entry.mtuOk = ok;
    return changed;
  }

  #forget({ state, asked, askedFull }: Entry<T>): void {
    if (state === 'down') this.#down -= 1;
    if (asked) this.#byNonce.delete(asked.nonce);
    if (askedFull) this.#byNonce.delete(askedFull.nonce);
  }

  #jittered(ms: number): number {
    return ms * (0.9 + 0.2 * this.#random());
  }
}
