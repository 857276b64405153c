// Pure: encoded replies of the hot path by view, question and variant, bounded in bytes. Each entry knows what it was made from
// (opaque marks), so that a change takes out exactly the entries that it touches, and no other.
import { MultiMap } from '../multi-map.ts';
import type { HotEncoding } from './encoding.ts';
import { AgeList, Kept } from './kept.ts';
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

/** Equal hashes are accidents or an attack; a longer chain loses its oldest entry. */
const maxChain = 8;

export class HotCache {
  readonly #maxBytes: number;
  readonly #seed: number;
  readonly #chains = new Map<number, Kept>();
  /** One that was used since it came gets a second round. */
  readonly #ages = new AgeList();
  readonly #users = new MultiMap<string, Kept>();
  #bytes = 0;

  /** `seed` is the one that questions are read with. */
  constructor(maxBytes: number, seed: number) {
    this.#seed = seed;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#ages.size;
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
    const kept = new Kept(entry, key, place, now);
    kept.next = head;
    this.#chains.set(place, kept);
    this.#ages.add(kept);
    this.#bytes += kept.bytes;
    for (const mark of entry.marks) this.#users.add(mark, kept);
    this.#shortenChain(kept);
    this.#makeRoom();
  }

  /** Takes out what was made from any of the marks; returns how many entries that were. */
  evict(marks: Iterable<string>): number {
    const before = this.#ages.size;
    for (const mark of marks) {
      for (const entry of this.#users.get(mark)) this.#remove(entry);
    }
    return before - this.#ages.size;
  }

  clear(): number {
    const before = this.#ages.size;
    for (const map of [this.#chains, this.#ages, this.#users]) map.clear();
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
    for (let entry = this.#ages.oldest; entry && this.#bytes > this.#maxBytes; ) {
      const next: Kept | undefined = entry.newer;
      if (entry.used) {
        entry.used = false;
        this.#ages.remove(entry);
        this.#ages.add(entry);
      } else this.#remove(entry);
      // The last one moves behind itself.
      entry = next ?? this.#ages.oldest;
    }
  }

  #remove(entry: Kept): void {
    if (entry.gone) return;
    entry.gone = true;
    this.#ages.remove(entry);
    this.#bytes -= entry.bytes;
    this.#unlink(entry);
    for (const mark of entry.marks) this.#users.remove(mark, entry);
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
