// Pure: an entry of the hot cache in its place. Few objects and no buffer of its own for each: the collector's work is most of
// what a new entry costs.
import type { HotEntry } from './hot-cache.ts';
import type { QuestionKey } from './question.ts';

/** Counted for an entry beside its bytes: objects, and places in the maps. */
const overheadBytes = 480;
const markBytes = 96;

export class Kept {
  readonly key: QuestionKey;
  /** Where it lies in the table. */
  readonly place: number;
  readonly view: number;
  readonly variant: number;
  readonly shared: boolean;
  readonly label: number;
  readonly marks: readonly string[];
  readonly flags: number;
  readonly counts: Uint8Array;
  readonly tails: readonly Uint8Array[];
  readonly ttls: readonly number[];
  readonly storedAt: number;
  readonly expiresAt: number;
  readonly longest: number;
  readonly bytes: number;
  /** The order that goes out next. */
  turn = 0;
  used = false;
  gone = false;
  /** The next one in the same place of the table. */
  next: Kept | undefined;
  older: Kept | undefined;
  newer: Kept | undefined;

  constructor(entry: HotEntry, key: QuestionKey, place: number, now: number) {
    this.key = key;
    this.place = place;
    this.view = entry.view;
    this.variant = entry.variant;
    this.shared = entry.shared;
    this.label = entry.label;
    this.marks = entry.marks;
    this.flags = entry.flags;
    this.counts = entry.counts;
    this.tails = entry.tails;
    this.ttls = entry.ttls;
    this.storedAt = now;
    this.expiresAt = now + entry.seconds * 1000;
    this.longest = entry.tails[0]!.length;
    let bytes = overheadBytes + entry.question.length;
    for (const tail of entry.tails) bytes += tail.length;
    for (const mark of entry.marks) bytes += mark.length + markBytes;
    this.bytes = bytes;
    this.next = undefined;
    this.older = undefined;
    this.newer = undefined;
  }
}

/** Entries in the order of their arrival. */
export class AgeList {
  size = 0;
  oldest: Kept | undefined;
  #newest: Kept | undefined;

  add(entry: Kept): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest) this.#newest.newer = entry;
    else this.oldest = entry;
    this.#newest = entry;
    this.size += 1;
  }

  remove(entry: Kept): void {
    if (entry.older) entry.older.newer = entry.newer;
    else this.oldest = entry.newer;
    if (entry.newer) entry.newer.older = entry.older;
    else this.#newest = entry.older;
    this.size -= 1;
  }

  clear(): void {
    this.oldest = undefined;
    this.#newest = undefined;
    this.size = 0;
  }
}
