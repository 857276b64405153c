// Pure: what a source said, in slices that fit into a turn of the loop.
import { type Key, keyOf, type SourceRecord } from '../shared/model/objects.ts';
import { placeHint } from './derive-membership.ts';
import { type Ref, refOf } from './record-table.ts';

/** Records taken in one turn: 2 to 3 ms of work among 100,000; a turn may have to read and to write to the store as well. */
export const sliceRecords = 100;
/** Records of a change that are brought into order in one turn. */
const sliceOrdered = 3_000;
/** Records that are looked for in a full set in one turn. */
const sliceLooks = 3_000;

export interface Slice {
  readonly put: readonly SourceRecord[];
  readonly drop: readonly Ref[];
}

/** All that a source says. A map by key is one. */
export interface WholeSet {
  readonly size: number;
  has(key: Key): boolean;
  values(): Iterable<SourceRecord>;
}

/** A change; what goes, goes last. */
export function* slicesOf(put: readonly SourceRecord[], keys: readonly Key[]): Generator<Slice> {
  let slice: SourceRecord[] = [];
  // Brought into order a part at a time: all of a large set would be a long turn.
  for (let at = 0; at < put.length; at += sliceOrdered) {
    const part = put.slice(at, at + sliceOrdered);
    for (const record of part.length > sliceRecords ? byPlace(part) : part) {
      if (slice.length >= sliceRecords) {
        yield { put: slice, drop: [] };
        slice = [];
      }
      slice.push(record);
    }
  }
  let drop: Ref[] = [];
  for (const key of keys) {
    const ref = refOf(key);
    if (!ref) continue;
    if (drop.length >= sliceRecords) {
      yield { put: slice, drop };
      slice = [];
      drop = [];
    }
    drop.push(ref);
  }
  yield { put: slice, drop };
}

/** A full set: what the source said `before` and is not in it is dropped. `before` is looked at when all of the set is taken. */
export function* slicesOfSet(set: WholeSet, before: Iterable<SourceRecord>): Generator<Slice> {
  let put: SourceRecord[] = [];
  for (const record of set.values()) {
    if (put.length >= sliceRecords) {
      yield { put, drop: [] };
      put = [];
    }
    put.push(record);
  }
  // Named now, since the last records of the set need not be in yet; they would not be dropped, for they are in the set.
  let drop: Ref[] = [];
  let looks = 0;
  for (const record of before) {
    if (!set.has(keyOf(record))) drop.push(record);
    looks += 1;
    if (looks % sliceLooks > 0 && drop.length < sliceRecords) continue;
    yield { put, drop };
    put = [];
    drop = [];
  }
  yield { put, drop };
}

/** Containers of one service together, so that slices do not derive the same service again and again. */
function byPlace(records: readonly SourceRecord[]): SourceRecord[] {
  const hintOf = (record: SourceRecord): string => (record.kind === 'container' ? placeHint(record.labels) : '');
  return [...Map.groupBy(records, hintOf).values()].flat();
}
