// Pure: all that a source says of itself, while it arrives line by line. Containers of one service are given out together, so
// that slices of the set do not derive the same service again and again.
import type { Key, SourceRecord } from '../shared/model/objects.ts';
import { placeHint } from './derive-membership.ts';
import { RecordTable, type Ref, refOf } from './record-table.ts';

export class FullSet {
  readonly #records = new RecordTable();
  readonly #places = new Map<string, Ref[]>();

  get size(): number {
    return this.#records.size;
  }

  has(key: Key): boolean {
    const ref = refOf(key);
    return ref !== undefined && this.#records.get(ref) !== undefined;
  }

  /** The last of several records of one object counts; the place of the first is good enough. */
  add(record: SourceRecord): void {
    const isNew = this.#records.get(record) === undefined;
    this.#records.set(record);
    if (!isNew) return;
    const place = record.kind === 'container' ? placeHint(record.labels) : '';
    const neighbours = this.#places.get(place);
    if (neighbours) neighbours.push(record);
    else this.#places.set(place, [record]);
  }

  *values(): Generator<SourceRecord> {
    for (const neighbours of this.#places.values()) for (const ref of neighbours) yield this.#records.get(ref)!;
  }
}
