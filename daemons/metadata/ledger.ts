// Pure: what each source says now. Several sources may speak of one object; then the first by name counts.
import { type ContainerRecord, type Key, keyOf, type SourceRecord } from '../shared/model/objects.ts';

export interface LedgerChange {
  readonly changed: Key[];
  readonly refused: Key[];
}

export class Ledger {
  readonly #sources = new Map<string, Map<Key, SourceRecord>>();

  /** The record that counts. */
  get(key: Key): SourceRecord | undefined {
    for (const records of this.#sources.values()) {
      const record = records.get(key);
      if (record) return record;
    }
    return undefined;
  }

  /** All containers that count, by id. */
  containers(): Map<string, ContainerRecord> {
    const all = new Map<string, ContainerRecord>();
    for (const records of this.#sources.values()) {
      for (const record of records.values()) {
        if (record.kind === 'container' && !all.has(record.id)) all.set(record.id, record);
      }
    }
    return all;
  }

  /** What this source says of the object. */
  of(source: string, key: Key): SourceRecord | undefined {
    return this.#sources.get(source)?.get(key);
  }

  /**
   * Sets or removes records of a source. `changed` are the keys for which that changes what the source says; `refused` those
   * that would be new when the source has `max` records already.
   */
  change(
    source: string,
    put: Iterable<SourceRecord>,
    drop: Iterable<Key>,
    max = Number.POSITIVE_INFINITY,
  ): LedgerChange {
    const records = this.#recordsOf(source);
    const changed: Key[] = [];
    const refused: Key[] = [];
    for (const key of drop) if (records.delete(key)) changed.push(key);
    for (const record of put) {
      const key = keyOf(record);
      const before = records.get(key);
      if (sameRecord(before, record)) continue;
      if (!before && records.size >= max) refused.push(key);
      else {
        records.set(key, record);
        changed.push(key);
      }
    }
    return { changed, refused };
  }

  /** Keys that the source said before and that are not among `kept`. */
  missing(source: string, kept: { has(key: Key): boolean }): Key[] {
    return [...this.#recordsOf(source).keys()].filter((key) => !kept.has(key));
  }

  #recordsOf(source: string): Map<Key, SourceRecord> {
    const known = this.#sources.get(source);
    if (known) return known;
    const made = new Map<Key, SourceRecord>();
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
