// Numbers for what hits are counted by, and the counting itself: workers count in shared words, which are read at a scrape.
import { maxLabels, word } from './protocol.ts';

export interface HitLabel {
  readonly type: string;
  readonly rcode: string;
  readonly path: string;
}

const others: HitLabel = { type: 'other', rcode: 'other', path: 'local' };

export class HitLabels {
  readonly #ids = new Map<string, number>();
  readonly #labels: HitLabel[] = [];

  /** The number of a combination; those beyond the bound share the last one. */
  idOf(label: HitLabel): number {
    const text = `${label.type} ${label.rcode} ${label.path}`;
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    if (this.#labels.length >= maxLabels - 1) return maxLabels - 1;
    this.#ids.set(text, this.#labels.length);
    return this.#labels.push(label) - 1;
  }

  labelOf(id: number): HitLabel {
    return this.#labels[id] ?? others;
  }

  get size(): number {
    return this.#labels.length;
  }
}

/** What the counters of one worker have grown by since the last look; they wrap at 32 bits. */
export class CounterReader {
  readonly #words: Int32Array;
  readonly #seen: Int32Array;

  constructor(words: Int32Array) {
    this.#words = words;
    this.#seen = new Int32Array(words.length);
  }

  grown(place: number): number {
    const value = Atomics.load(this.#words, place);
    const by = (value - this.#seen[place]!) >>> 0;
    this.#seen[place] = value;
    return by;
  }

  /** Places of labels that grew. */
  *labels(): Iterable<readonly [id: number, by: number]> {
    for (let id = 0; id < maxLabels; id += 1) {
      const by = this.grown(word.labels + id);
      if (by > 0) yield [id, by];
    }
  }
}
