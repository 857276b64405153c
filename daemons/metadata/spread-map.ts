// Pure: a map from text that grows without a stop: its entries lie in many small maps, so that no single entry makes one of a
// hundred thousand move (which the engine's own does in one go, for several milliseconds).

const buckets = 512;
/** Names and uuids differ at their ends. Texts that do not share a bucket, which then is as good as one plain map. */
const hashed = 8;

export class SpreadMap<V> {
  readonly #buckets: (Map<string, V> | undefined)[] = new Array(buckets).fill(undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    return this.#buckets[bucketOf(key)]?.get(key);
  }

  has(key: string): boolean {
    return this.#buckets[bucketOf(key)]?.has(key) ?? false;
  }

  set(key: string, value: V): void {
    const at = bucketOf(key);
    let bucket = this.#buckets[at];
    if (!bucket) {
      bucket = new Map();
      this.#buckets[at] = bucket;
    }
    const before = bucket.size;
    bucket.set(key, value);
    this.#size += bucket.size - before;
  }

  delete(key: string): boolean {
    const deleted = this.#buckets[bucketOf(key)]?.delete(key) ?? false;
    if (deleted) this.#size -= 1;
    return deleted;
  }

  /** In no particular order; entries may be deleted meanwhile. */
  *values(): Generator<V> {
    for (const bucket of this.#buckets) if (bucket) yield* bucket.values();
  }
}

function bucketOf(key: string): number {
  let hash = key.length;
  for (let at = Math.max(0, key.length - hashed); at < key.length; at += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & (buckets - 1);
}
