// Pure: encoded replies of the hot path by view, question and variant, bounded in bytes. Each entry knows what it was made from
// (opaque marks), so that a change takes out exactly the entries that it touches, and no other.
import type { HotEncoding } from './encoding.ts';
import { type HotQuestion, isSameQuestion, keyOfQuestion, type QuestionKey } from './question.ts';

export interface HotEntry extends Omit<HotEncoding, 'answerTtl' | 'truncated' | 'ttls'> {
  /** TTLs that grow less while the reply lies here; none for records of ours. */
  readonly ttls: readonly number[];
  /** Name, type and class as they travel, in whatever letter case. */
  readonly question: Uint8Array;
  readonly view: number;
  readonly variant: number;
  /** Clients of every view without links of its own get this reply. */
  readonly shared: boolean;
  /** What the reply was made from. */
  readonly marks: readonly string[];
  /** Seconds until it must be made anew; Infinity for what only a change can make wrong. */
  readonly seconds: number;
  /** Which counter a hit counts for. */
  readonly label: number;
}

/** An entry in its place; the cache's own fields. */
export interface Kept extends HotEntry {
  readonly key: QuestionKey;
  /** Where it lies in the table. */
  readonly place: number;
  readonly bytes: number;
  readonly storedAt: number;
  readonly expiresAt: number;
  readonly longest: number;
  /** The order that goes out next. */
  turn: number;
  used: boolean;
  next: Kept | undefined;
}

/** Counted for an entry beside its bytes: objects, and places in the maps. */
const overheadBytes = 320;
const markBytes = 96;
/** Equal hashes are accidents or an attack; a longer chain loses its oldest entry. */
const maxChain = 8;

export class HotCache {
  readonly #maxBytes: number;
  readonly #seed: number;
  readonly #chains = new Map<number, Kept>();
  /** In order of arrival; one that was used since gets a second round. */
  readonly #entries = new Set<Kept>();
  readonly #users = new Map<string, Set<Kept>>();
  #bytes = 0;

  /** `seed` is the one that questions are read with. */
  constructor(maxBytes: number, seed: number) {
    this.#seed = seed;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The entry for a question, if it is still good; `sharedOnly` asks only for what is the same in all views. */
  find(question: HotQuestion, view: number, sharedOnly: boolean, now: number): Kept | undefined {
    const { variant } = question;
    for (let entry = this.#chains.get(inView(question.hash, view)); entry; entry = entry.next) {
      if (entry.view !== view || entry.variant !== variant || (sharedOnly && !entry.shared)) continue;
      if (!isSameQuestion(question, entry.key)) continue;
      if (now >= entry.expiresAt) {
        this.#remove(entry);
        return undefined;
      }
      entry.used = true;
      return entry;
    }
    return undefined;
  }

  /** Keeps an entry, in the place of an equal one; the least recently used ones make room. */
  put(entry: HotEntry, now: number): void {
    const key = keyOfQuestion(entry.question, this.#seed);
    const place = inView(key.hash, entry.view);
    const old = this.#equal(place, key, entry);
    if (old) this.#remove(old);
    const head = this.#chains.get(place);
    const kept = makeKept(entry, key, place, head, now);
    this.#chains.set(place, kept);
    this.#entries.add(kept);
    this.#bytes += kept.bytes;
    for (const mark of entry.marks) {
      const users = this.#users.get(mark);
      if (users) users.add(kept);
      else this.#users.set(mark, new Set([kept]));
    }
    this.#shortenChain(kept);
    this.#makeRoom();
  }

  /** Takes out what was made from any of the marks; returns how many entries that were. */
  evict(marks: Iterable<string>): number {
    const before = this.#entries.size;
    for (const mark of marks) {
      for (const entry of [...(this.#users.get(mark) ?? [])]) this.#remove(entry);
    }
    return before - this.#entries.size;
  }

  clear(): number {
    const before = this.#entries.size;
    for (const map of [this.#chains, this.#entries, this.#users]) map.clear();
    this.#bytes = 0;
    return before;
  }

  #equal(place: number, key: QuestionKey, wanted: HotEntry): Kept | undefined {
    for (let entry = this.#chains.get(place); entry; entry = entry.next) {
      const same = entry.view === wanted.view && entry.variant === wanted.variant;
      if (same && entry.key.kind === key.kind && isSameName(entry.key.name, key.name)) return entry;
    }
    return undefined;
  }

  #shortenChain(head: Kept): void {
    let entry: Kept | undefined = head;
    for (let length = 0; entry && length < maxChain; length += 1) entry = entry.next;
    if (entry) this.#remove(entry);
  }

  #makeRoom(): void {
    for (const entry of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return;
      if (entry.used) {
        entry.used = false;
        this.#entries.delete(entry);
        this.#entries.add(entry);
      } else this.#remove(entry);
    }
  }

  #remove(entry: Kept): void {
    if (!this.#entries.delete(entry)) return;
    this.#bytes -= entry.bytes;
    this.#unlink(entry);
    for (const mark of entry.marks) {
      const users = this.#users.get(mark);
      if (users?.delete(entry) && users.size === 0) this.#users.delete(mark);
    }
  }

  #unlink(entry: Kept): void {
    const head = this.#chains.get(entry.place);
    if (head === entry) {
      if (entry.next) this.#chains.set(entry.place, entry.next);
      else this.#chains.delete(entry.place);
      return;
    }
    for (let before = head; before; before = before.next) {
      if (before.next === entry) before.next = entry.next;
    }
  }
}

function inView(hash: number, view: number): number {
  return (hash ^ Math.imul(view, 0x9e3779b1)) & 0x3fffffff;
}

function isSameName(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((word, at) => word === b[at]);
}

function makeKept(entry: HotEntry, key: QuestionKey, place: number, next: Kept | undefined, now: number): Kept {
  const size = entry.tails.reduce((sum, tail) => sum + tail.length, entry.question.length * 2);
  return {
    ...entry,
    key,
    place,
    next,
    bytes: size + overheadBytes + entry.marks.reduce((sum, mark) => sum + mark.length + markBytes, 0),
    storedAt: now,
    expiresAt: now + entry.seconds * 1000,
    longest: entry.tails[0]!.length,
    turn: 0,
    used: false,
  };
}
