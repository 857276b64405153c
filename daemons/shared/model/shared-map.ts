// Pure: a map that shares what does not change: setting one entry copies one bucket, not the whole. Larger maps have more
// buckets, so that a bucket stays small.

const fewBuckets = 256;
/** Buckets hold up to this many entries on average; then there will be eight times as many. */
const perBucket = 16;
const growth = 8;
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
    if (this.size === 0) return undefined;
    return this.#buckets[bucketOf(key, this.#buckets.length)]?.get(key);
  }

  has(key: string): boolean {
    return this.#buckets[bucketOf(key, this.#buckets.length)]?.has(key) ?? false;
  }

  *values(): Generator<V> {
    for (const bucket of this.#buckets) yield* bucket.values();
  }

  *keys(): Generator<string> {
    for (const bucket of this.#buckets) yield* bucket.keys();
  }

  /** Keys whose value is not the same object as in `before`; cheap if one came from the other by few changes. */
  *keysUnlike(before: SharedMap<V>): Generator<string> {
    const like = before.#buckets.length === this.#buckets.length;
    for (const [at, now] of this.#buckets.entries()) {
      if (like && before.#buckets[at] === now) continue;
      for (const [key, value] of now) if (before.get(key) !== value) yield key;
    }
    for (const [at, old] of before.#buckets.entries()) {
      if (like && this.#buckets[at] === old) continue;
      for (const key of old.keys()) if (!this.has(key)) yield key;
    }
  }

  /** A map with the entries set (value) or removed (undefined); the same map when nothing differs. */
  with(changes: Iterable<readonly [string, V | undefined]>): SharedMap<V> {
    const draft = new Draft(this.#buckets, this.size);
    for (const [key, value] of changes) draft.set(key, value);
    return draft.isSame ? this : draft.finished();
  }

  /** The same for values that know their keys: `gone` are removed first. */
  withValues(gone: readonly string[], values: readonly V[], keyOf: (value: V) => string): SharedMap<V> {
    const draft = new Draft(this.#buckets, this.size, values.length);
    for (const key of gone) draft.set(key, undefined);
    for (const value of values) draft.set(keyOf(value), value);
    return draft.isSame ? this : draft.finished();
  }
}

/** The next map while it is made: a bucket is copied when it is first written to. */
class Draft<V> {
  #buckets: readonly Bucket<V>[];
  #own: Bucket<V>[] | undefined;
  #size: number;
  readonly #copied = new Set<Bucket<V>>();

  constructor(buckets: readonly Bucket<V>[], size: number, more = 0) {
    this.#buckets = buckets;
    this.#size = size;
    if (size === 0 && more > 0) this.#buckets = this.#own = emptyBuckets<V>(enoughFor(more));
  }

  get isSame(): boolean {
    return this.#own === undefined;
  }

  set(key: string, value: V | undefined): void {
    const at = bucketOf(key, this.#buckets.length || fewBuckets);
    const current = this.#buckets[at] ?? (emptyBucket as Bucket<V>);
    if (value === undefined ? !current.has(key) : current.get(key) === value) return;
    if (!this.#own) {
      this.#own = this.#buckets.length > 0 ? [...this.#buckets] : emptyBuckets<V>(fewBuckets);
      this.#buckets = this.#own;
    }
    let bucket = current as Map<string, V>;
    if (!this.#copied.has(current)) {
      bucket = new Map(current);
      this.#own[at] = bucket;
      this.#copied.add(bucket);
    }
    const before = bucket.size;
    if (value === undefined) bucket.delete(key);
    else bucket.set(key, value);
    this.#size += bucket.size - before;
  }

  finished(): SharedMap<V> {
    const count = this.#buckets.length;
    return new SharedMap<V>(
      this.#size > perBucket * count ? spread(this.#buckets, growth * count) : this.#buckets,
      this.#size,
    );
  }
}

function enoughFor(entries: number): number {
  let count = fewBuckets;
  while (entries > perBucket * count) count *= growth;
  return count;
}

function emptyBuckets<V>(count: number): Bucket<V>[] {
  return Array.from({ length: count }, () => emptyBucket as Bucket<V>);
}

/** The same entries in more buckets. */
function spread<V>(buckets: readonly Bucket<V>[], count: number): Bucket<V>[] {
  const more = emptyBuckets<V>(count) as Map<string, V>[];
  for (const bucket of buckets) {
    for (const [key, value] of bucket) {
      const at = bucketOf(key, count);
      const known = more[at]!;
      if (known === emptyBucket) more[at] = new Map([[key, value]]);
      else known.set(key, value);
    }
  }
  return more;
}

/** FNV-1a over UTF-16 units: cheap, and even enough for uuids and names alike. */
function bucketOf(key: string, count: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % count;
}
