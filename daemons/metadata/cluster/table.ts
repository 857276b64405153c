// Pure: values by key as a store on etcd holds them: entered from full lists and from changes, which may overlap. After the
// store was emptied nothing goes: what was known stays as old until it is written again or given up.

/** What a list or a change says of a key. */
export interface Version {
  /** Create revision: lower is older. */
  readonly created: number;
  readonly modified: number;
}

export interface Entry<V> extends Version {
  readonly value: V;
  /** The list that had it last. */
  seen: number;
  /** Known from before the store was emptied, and not written again since. */
  old: boolean;
}

export class Table<V> {
  readonly #entries = new Map<string, Entry<V>>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Entry<V> | undefined {
    return this.#entries.get(key);
  }

  entries(): IterableIterator<[string, Entry<V>]> {
    return this.#entries.entries();
  }

  values(): IterableIterator<Entry<V>> {
    return this.#entries.values();
  }

  /** True if there is no room for one more key. */
  isFull(key: string): boolean {
    return this.#entries.size >= this.#max && !this.#entries.has(key);
  }

  /** True if this version is known already; it counts as seen then. `list` 0 stands for a change. */
  knows(key: string, { modified }: Version, list: number): boolean {
    const known = this.#entries.get(key);
    if (!known) return false;
    const same = list > 0 ? known.modified === modified : known.modified >= modified;
    if (same && list > 0) known.seen = list;
    return same;
  }

  set(key: string, value: V, { created, modified }: Version, seen: number): void {
    this.#entries.set(key, { value, created, modified, seen, old: false });
  }

  /** Removes the key unless a later version of it is known. */
  drop(key: string, modified = Number.POSITIVE_INFINITY): Entry<V> | undefined {
    const known = this.#entries.get(key);
    if (!known || known.modified > modified) return undefined;
    this.#entries.delete(key);
    return known;
  }

  /** The store was emptied: what is known is old, and revisions tell nothing any more. */
  grow(): void {
    for (const [key, entry] of this.#entries) this.#entries.set(key, { ...entry, modified: -1, old: true });
  }

  /** Keys that the list should have had. */
  *missing(list: number): Generator<string> {
    for (const [key, { seen, old }] of this.#entries) if (seen !== list && !old) yield key;
  }
}
