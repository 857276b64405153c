// Pure: a map to sets, without empty sets. Most keys have one value, which lies there itself: a set of its own for each would
// be most of the memory of an index.

/** `V` must not be a set itself. */
export class MultiMap<K, V> {
  readonly #values = new Map<K, V | Set<V>>();

  get size(): number {
    return this.#values.size;
  }

  has(key: K): boolean {
    return this.#values.has(key);
  }

  keys(): Iterable<K> {
    return this.#values.keys();
  }

  /** The values of a key; a copy, so that it may be walked while the map changes. */
  get(key: K): V[] {
    const found = this.#values.get(key);
    if (found === undefined) return [];
    return found instanceof Set ? [...found] : [found];
  }

  add(key: K, value: V): void {
    const found = this.#values.get(key);
    if (found === undefined) this.#values.set(key, value);
    else if (found instanceof Set) found.add(value);
    else if (found !== value) this.#values.set(key, new Set([found, value]));
  }

  remove(key: K, value: V): void {
    const found = this.#values.get(key);
    if (found instanceof Set) {
      if (found.delete(value) && found.size === 0) this.#values.delete(key);
    } else if (found !== undefined && found === value) this.#values.delete(key);
  }

  clear(): void {
    this.#values.clear();
  }
}
