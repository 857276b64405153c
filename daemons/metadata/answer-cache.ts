// Answers to what was asked since the last change, so that asking again costs one look-up. Bounded in bytes and in number.
import type { Answer } from './answer.ts';

const maxAnswers = 4_096;
const maxBytes = 32 * 1024 * 1024;
/** Keys hold what clients sent. */
const maxKeyLength = 1_024;

export class AnswerCache {
  readonly #answers = new Map<string, Answer>();
  #bytes = 0;

  /** The kept answer, or the one that `make` makes. */
  get(key: string, make: () => Answer): Answer {
    const known = this.#answers.get(key);
    if (known) return known;
    const made = make();
    const size = made.body.length + 2 * key.length;
    if (key.length > maxKeyLength || size > maxBytes) return made;
    if (this.#answers.size >= maxAnswers || this.#bytes + size > maxBytes) this.clear();
    this.#answers.set(key, made);
    this.#bytes += size;
    return made;
  }

  clear(): void {
    this.#answers.clear();
    this.#bytes = 0;
  }
}
