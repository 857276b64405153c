// Pure: a table's records in order of their ids. Beside a thousand others few differ from one snapshot to the next: these are
// put in their places, and the rest is not sorted again.
import type { SharedMap } from '../shared/model/shared-map.ts';

/** Each of them moves the rest of the list; of more than these, all are sorted. */
const mostMoved = 32;

export class InOrder<V extends { readonly id: string }> {
  #table: SharedMap<V> | undefined;
  #records: readonly V[] = [];

  /** The same list as long as the table is the same. */
  of(table: SharedMap<V>): readonly V[] {
    const before = this.#table;
    if (table === before) return this.#records;
    const changed = before && [...table.keysUnlike(before)];
    const isFew = changed !== undefined && changed.length <= mostMoved;
    this.#records = isFew ? moved(this.#records, changed, table) : [...table.values()].sort(byId);
    this.#table = table;
    return this.#records;
  }
}

function moved<V extends { readonly id: string }>(
  records: readonly V[],
  ids: readonly string[],
  table: SharedMap<V>,
): readonly V[] {
  const next = [...records];
  for (const id of ids) {
    const at = placeOf(next, id);
    const record = table.get(id);
    next.splice(at, next[at]?.id === id ? 1 : 0, ...(record ? [record] : []));
  }
  return next;
}

/** Where the record with that id is, or would be. */
function placeOf(records: readonly { readonly id: string }[], id: string): number {
  let [low, high] = [0, records.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (records[middle]!.id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
