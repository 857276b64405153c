// Pure: waiting questions, taken in turn from each source that has any, so that one busy client cannot keep others waiting.

/** Of one source, and of all. */
export interface QueueBounds {
  readonly perSource: number;
  readonly total: number;
}

const usualBounds: QueueBounds = { perSource: 1_024, total: 4_096 };

export class FairQueue<T> {
  readonly #bounds: QueueBounds;
  /** In the order in which the sources are served. */
  readonly #waiting = new Map<number, T[]>();
  #size = 0;

  constructor(bounds: QueueBounds = usualBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#size;
  }

  /** False: full, for this source or for all. */
  push(source: number, item: T): boolean {
    const own = this.#waiting.get(source);
    if (this.#size >= this.#bounds.total || (own && own.length >= this.#bounds.perSource)) return false;
    if (own) own.push(item);
    else this.#waiting.set(source, [item]);
    this.#size += 1;
    return true;
  }

  /** The oldest item of the source whose turn it is. */
  shift(): T | undefined {
    const first = this.#waiting.entries().next();
    if (first.done) return undefined;
    const [source, items] = first.value;
    const item = items.shift();
    this.#waiting.delete(source);
    if (items.length > 0) this.#waiting.set(source, items);
    this.#size -= 1;
    return item;
  }
}
