// Pure: the first few of many, without sorting the many: of 100,000 containers a page shows 200.
import type { Few } from './view-types.ts';

export type Compare<T> = (a: T, b: T) => number;

/** Collects the `most` that come first by `compare`, and counts all. */
export class Firsts<T> {
  readonly #most: number;
  readonly #compare: Compare<T>;
  #kept: T[] = [];
  /** The last of those that are in; whatever comes after it needs no look. */
  #bound: T | undefined;
  #matching = 0;
  #total = 0;

  constructor(most: number, compare: Compare<T>) {
    this.#most = most;
    this.#compare = compare;
  }

  /** Counts one that does not match the filter. */
  pass(): void {
    this.#total += 1;
  }

  add(one: T): void {
    this.#total += 1;
    this.#matching += 1;
    if (this.#bound !== undefined && this.#compare(one, this.#bound) >= 0) return;
    this.#kept.push(one);
    if (this.#kept.length >= 2 * this.#most) this.#cut();
  }

  few(): Few<T> {
    this.#cut();
    return { shown: [...this.#kept], matching: this.#matching, total: this.#total };
  }

  #cut(): void {
    this.#kept.sort(this.#compare);
    if (this.#kept.length > this.#most) this.#kept.length = this.#most;
    if (this.#kept.length === this.#most) this.#bound = this.#kept.at(-1);
  }
}

/** The first few of those that hold all words of the filter. */
export function fewOf<T>(
  items: Iterable<T>,
  most: number,
  compare: Compare<T>,
  filter?: Filter,
  textsOf: (item: T) => readonly (string | null)[] = () => [],
): Few<T> {
  const firsts = new Firsts(most, compare);
  for (const item of items) {
    if (!filter || filter(textsOf(item))) firsts.add(item);
    else firsts.pass();
  }
  return firsts.few();
}

export type Filter = (texts: readonly (string | null)[]) => boolean;

/** All words must occur, each in any of the texts. Undefined: there are no words. */
export function filterOf(words: string): Filter | undefined {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return undefined;
  return (texts) => {
    const text = texts.join('\n').toLowerCase();
    return wanted.every((word) => text.includes(word));
  };
}

export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
