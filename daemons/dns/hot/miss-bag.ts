// Pure: the queries of one batch that go to the main thread, within what it can take.
import { headWords, type Misses } from './protocol.ts';

/** Misses on their way to the main thread; beyond, new ones are dropped, as the kernel itself would do. */
const maxWaiting = 2_048;
/** A source that is not known to be local gets no more than this: strangers must not crowd out anybody. */
const maxStrangersWaiting = 64;

export class MissBag {
  #heads: number[] = [];
  #messages: Uint8Array[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** `waiting` are the misses that the main thread has not taken yet. False: no room. The message is copied. */
  add(message: Uint8Array, address: number, port: number, known: boolean, waiting: number): boolean {
    if (waiting >= (known ? maxWaiting : maxStrangersWaiting) || this.#messages.length >= this.#most) return false;
    this.#heads.push(0, message.length, address, port, known ? 0 : 1);
    this.#messages.push(message.slice());
    return true;
  }

  /** All that was added since the last time, undefined if nothing was. */
  take(): Misses | undefined {
    if (this.#messages.length === 0) return undefined;
    const heads = Int32Array.from(this.#heads);
    const bytes = new Uint8Array(this.#messages.reduce((sum, message) => sum + message.length, 0));
    let at = 0;
    for (const [index, message] of this.#messages.entries()) {
      heads[index * headWords] = at;
      bytes.set(message, at);
      at += message.length;
    }
    this.#heads = [];
    this.#messages = [];
    return { heads, bytes };
  }
}
