// Pure: a map that shares what does not change: setting one entry copies one bucket, not the whole.

const bucketCount = 1024;
type Bucket<V> = ReadonlyMap<string, V>;
const emptyBucket: Bucket<unknown> = new Map<string, unknown>();

/** An immutable map from text; `with` and its kind return a new one. */
export class SharedMap<V> {
  readonly size: number;
  readonly #buckets: readonly Bucket<V>[];

  constructor(buckets: readonly Bucket<V>[] = [], size = 0) {
    this.#buckets = buckets;
    this.size = size;
  }

  get(key: string): V | undefined {
    return this.#buckets[bucketOf(key)]?.get(key);
  }

  has(key: string): boolean {
    return this.#buckets[bucketOf(key)]?.has(key) ?? false;
  }

  *values(): Generator<V> {
    for (const bucket of this.#buckets) yield* bucket.values();
  }

  *keys(): Generator<string> {
    for (const bucket of this.#buckets) yield* bucket.keys();
  }

  /** Keys whose value is not the same object as in `before`; cheap if one came from the other by few changes. */
  *keysUnlike(before: SharedMap<V>): Generator<string> {
    for (let at = 0; at < bucketCount; at += 1) {
      const [old, now] = [before.#buckets[at], this.#buckets[at]];
      if (old === now) continue;
      for (const [key, value] of now ?? []) if (old?.get(key) !== value) yield key;
      for (const key of old?.keys() ?? []) if (!now?.has(key)) yield key;
    }
  }

  /** A map with the entries set (value) or removed (undefined); the same map when nothing differs. */
  with(changes: Iterable<readonly [string, V | undefined]>): SharedMap<V> {
    const copied = new Map<number, Map<string, V>>();
    let size = this.size;
    for (const [key, value] of changes) {
      const at = bucketOf(key);
      const current = copied.get(at) ?? this.#buckets[at] ?? (emptyBucket as Bucket<V>);
      if (value === undefined ? !current.has(key) : current.get(key) === value) continue;
      const bucket = copied.get(at) ?? new Map(current);
      copied.set(at, bucket);
      if (value === undefined) size -= bucket.delete(key) ? 1 : 0;
      else {
        size += bucket.has(key) ? 0 : 1;
        bucket.set(key, value);
      }
    }
    if (copied.size === 0) return this;
    const buckets = Array.from({ length: bucketCount }, (_, at) => copied.get(at) ?? this.#buckets[at] ?? emptyBucket);
    return new SharedMap<V>(buckets as Bucket<V>[], size);
  }
}

/** FNV-1a over UTF-16 units: cheap, and even enough for uuids and names alike. */
function bucketOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % bucketCount;
}
