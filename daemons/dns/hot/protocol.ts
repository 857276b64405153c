// Pure: what the main thread and a hot worker tell each other.
//
// A worker is blocked in the kernel most of the time and gets no events. Messages to it lie in its port until it sees, after a
// batch or a timeout, that the shared generation has moved.
import type { Cidr4 } from '../../shared/model/ipv4.ts';
import type { CallerRules } from '../../shared/model/local-callers.ts';
import type { HotClient } from './admission.ts';
import type { PackedEntries } from './packed-entries.ts';

export type ToWorker =
  | { readonly kind: 'callers'; readonly rules: CallerRules; readonly allowFrom: readonly Cidr4[] }
  | { readonly kind: 'clients'; readonly set: readonly HotClient[]; readonly drop: readonly number[] }
  | { readonly kind: 'put'; readonly entries: PackedEntries }
  | { readonly kind: 'evict'; readonly marks: readonly string[] }
  | { readonly kind: 'clear' };

/** Queries that a worker could not answer: `heads` holds `headWords` numbers for each, `bytes` the messages. */
export interface Misses {
  readonly heads: Int32Array;
  readonly bytes: Uint8Array;
}

/** Offset, length, address, port, and 1 if the source is not known to be local. */
export const headWords = 5;

/** Places in the words that both threads see. The worker alone writes the counters, which wrap. */
export const word = {
  generation: 0,
  stop: 1,
  /** Misses that the main thread has taken over, since the worker's start. */
  taken: 2,
  turns: 3,
  hits: 4,
  misses: 5,
  callers: 6,
  backlog: 7,
  unsent: 8,
  malformed: 9,
  limited: 10,
  entries: 11,
  kilobytes: 12,
  evicted: 13,
  labels: 16,
} as const;

/** Combinations of type, code and path that hits are counted by; the last stands for all further ones. */
export const maxLabels = 240;
export const sharedWords = word.labels + maxLabels;
