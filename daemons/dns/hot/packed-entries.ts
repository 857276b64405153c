// Pure: entries on their way to a worker, in three objects whatever their number: an object with arrays of its own for each
// would cost both threads more to copy and collect than the reply cost to make.
import type { HotEntry } from './hot-cache.ts';

export interface PackedEntries {
  readonly count: number;
  /** Numbers of each entry, see `fields`. */
  readonly heads: Float64Array;
  /** Of each entry the question, the counts, the orders, the places of TTLs in two bytes each. */
  readonly bytes: Uint8Array;
  readonly marks: readonly string[];
}

/** Flags, view, variant, shared, seconds, label; lengths of question and of one order; numbers of orders, TTLs, marks. */
const fields = 11;
const countBytes = 6;
const noTtls: readonly number[] = [];

export function packEntries(entries: readonly HotEntry[]): PackedEntries {
  const heads = new Float64Array(entries.length * fields);
  let size = 0;
  for (const { question, tails, ttls } of entries) {
    size += question.length + countBytes + tails.length * tails[0]!.length + ttls.length * 2;
  }
  const bytes = new Uint8Array(size);
  const marks: string[] = [];
  let [head, at] = [0, 0];
  for (const entry of entries) {
    const { question, counts, tails, ttls } = entry;
    heads[head] = entry.flags;
    heads[head + 1] = entry.view;
    heads[head + 2] = entry.variant;
    heads[head + 3] = entry.shared ? 1 : 0;
    heads[head + 4] = entry.seconds;
    heads[head + 5] = entry.label;
    heads[head + 6] = question.length;
    heads[head + 7] = tails[0]!.length;
    heads[head + 8] = tails.length;
    heads[head + 9] = ttls.length;
    heads[head + 10] = entry.marks.length;
    head += fields;
    bytes.set(question, at);
    bytes.set(counts, at + question.length);
    at += question.length + countBytes;
    for (const tail of tails) {
      bytes.set(tail, at);
      at += tail.length;
    }
    for (const ttl of ttls) {
      bytes[at++] = ttl >> 8;
      bytes[at++] = ttl & 255;
    }
    for (const mark of entry.marks) marks.push(mark);
  }
  return { count: entries.length, heads, bytes, marks };
}

/** Calls `take` with each entry. Its arrays are copies: short ones need no buffer of their own. */
export function unpackEntries({ count, heads, bytes, marks }: PackedEntries, take: (entry: HotEntry) => void): void {
  let [at, mark] = [0, 0];
  const next = (length: number): Uint8Array => {
    at += length;
    return bytes.slice(at - length, at);
  };
  for (let index = 0; index < count; index += 1) {
    const head = index * fields;
    const question = next(heads[head + 6]!);
    const counts = next(countBytes);
    const tails: Uint8Array[] = [];
    for (let order = 0; order < heads[head + 8]!; order += 1) tails.push(next(heads[head + 7]!));
    const ttls = heads[head + 9] === 0 ? noTtls : readPlaces(next(heads[head + 9]! * 2));
    take({
      flags: heads[head]!,
      view: heads[head + 1]!,
      variant: heads[head + 2]!,
      shared: heads[head + 3] === 1,
      seconds: heads[head + 4]!,
      label: heads[head + 5]!,
      question,
      counts,
      tails,
      ttls,
      marks: marks.slice(mark, mark + heads[head + 10]!),
    });
    mark += heads[head + 10]!;
  }
}

function readPlaces(bytes: Uint8Array): number[] {
  return Array.from({ length: bytes.length / 2 }, (_, at) => (bytes[at * 2]! << 8) | bytes[at * 2 + 1]!);
}
