// Pure: what each source says now. Several sources may speak of one object; then the first by name counts.
import { type ContainerRecord, type Key, keyOf, type SourceRecord } from '../shared/model/objects.ts';
import { RecordTable, type Ref } from './record-table.ts';

export interface LedgerChange {
  readonly changed: Ref[];
  readonly refused: Key[];
}

export class Ledger {
  readonly #sources = new Map<string, RecordTable>();

  /** The record that counts. */
  get(ref: Ref): SourceRecord | undefined {
    for (const records of this.#sources.values()) {
      const record = records.get(ref);
      if (record) return record;
    }
    return undefined;
  }

  /** All containers that count, by id. */
  containers(): Map<string, ContainerRecord> {
    const all = new Map<string, ContainerRecord>();
    for (const records of this.#sources.values()) {
      for (const record of records.container.values()) if (!all.has(record.id)) all.set(record.id, record);
    }
    return all;
  }

  /** What this source says of the object. */
  of(source: string, ref: Ref): SourceRecord | undefined {
    return this.#sources.get(source)?.get(ref);
  }

  /** All that this source says; what is dropped meanwhile may be left out. */
  all(source: string): Iterable<SourceRecord> {
    return this.#recordsOf(source).values();
  }

  /**
   * Sets or removes records of a source. `changed` names those for which that changes what the source says; `refused` those
   * that would be new when the source has `max` records already.
   */
  change(
    source: string,
    put: Iterable<SourceRecord>,
    drop: Iterable<Ref>,
    max = Number.POSITIVE_INFINITY,
  ): LedgerChange {
    const records = this.#recordsOf(source);
    const changed: Ref[] = [];
    const refused: Key[] = [];
    for (const ref of drop) if (records.delete(ref)) changed.push(ref);
    for (const record of put) {
      const before = records.get(record);
      if (sameRecord(before, record)) continue;
      if (!before && records.size >= max) refused.push(keyOf(record));
      else {
        records.set(record);
        changed.push(record);
      }
    }
    return { changed, refused };
  }

  #recordsOf(source: string): RecordTable {
    const known = this.#sources.get(source);
    if (known) return known;
    const made = new RecordTable();
    this.#sources.set(source, made);
    const inOrder = [...this.#sources].sort(([a], [b]) => (a < b ? -1 : 1));
    this.#sources.clear();
    for (const [name, records] of inOrder) this.#sources.set(name, records);
    return made;
  }
}

export function sameRecord(a: SourceRecord | undefined, b: SourceRecord): boolean {
  return a === b || (a !== undefined && JSON.stringify(a) === JSON.stringify(b));
}
