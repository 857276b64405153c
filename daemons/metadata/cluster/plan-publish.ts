// Pure: what this host still has to write, from what it has to say and from what the store holds of it.
import type { Operation } from '../../shared/effects/etcd.ts';

/** What this host has to say, by key. */
export interface Wanted {
  /** Its own keys: below its own prefix it is the only writer. */
  readonly own: ReadonlyMap<string, string>;
  /** Of these the last to be written, since others take the rest for whole then. */
  readonly last: string;
  /** Keys that belong to whoever writes them first. */
  readonly claims: ReadonlyMap<string, string>;
  /** Claims of this host that read otherwise now; undefined gives them back. */
  readonly changes: ReadonlyMap<string, string | undefined>;
}

/** What the store holds: the text of own keys, and whether somebody holds a claim. */
export interface Held {
  readonly own: (key: string) => string | undefined;
  readonly ownKeys: Iterable<string>;
  readonly isClaimed: (key: string) => boolean;
  /** Nothing is removed before all sources have reported. */
  readonly mayDrop: boolean;
}

export interface Batch {
  /** Keys that must be absent. */
  readonly absent: readonly string[];
  readonly operations: readonly Operation[];
}

/** etcd takes 128 operations and 1.5 MiB in one request. */
const most = { operations: 100, characters: 512 * 1024 };

/** In the order in which they are to be written; none if nothing differs. */
export function planPublish(want: Wanted, have: Held): Batch[] {
  const operations: Operation[] = [];
  for (const [key, value] of want.own) {
    if (key !== want.last && have.own(key) !== value) operations.push({ put: key, value });
  }
  if (have.mayDrop) for (const key of have.ownKeys) if (!want.own.has(key)) operations.push({ drop: key });
  for (const [key, value] of want.changes) operations.push(value === undefined ? { drop: key } : { put: key, value });
  const claims = [...want.claims].filter(([key]) => !have.isClaimed(key));
  const last = want.own.get(want.last);
  const isLast = last !== undefined && have.own(want.last) !== last;
  return [
    ...claims.map(([key, value]): Batch => ({ absent: [key], operations: [{ put: key, value }] })),
    ...inBatches(operations),
    ...(isLast ? [{ absent: [], operations: [{ put: want.last, value: last }] }] : []),
  ];
}

function inBatches(operations: readonly Operation[]): Batch[] {
  const batches: Operation[][] = [];
  let size = 0;
  for (const operation of operations) {
    const length = 'put' in operation ? operation.value.length : 0;
    const current = batches.at(-1);
    if (current && current.length < most.operations && size + length <= most.characters) {
      current.push(operation);
      size += length;
    } else {
      batches.push([operation]);
      size = length;
    }
  }
  return batches.map((batch) => ({ absent: [], operations: batch }));
}
