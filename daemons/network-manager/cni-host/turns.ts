// Lets so many through at once, and the others wait in their order. One begins in each turn of the event loop, and none while
// callers still come: an ADD asks the kernel without leaving its turn, the loop takes in one caller a turn, and a caller whom
// nobody greets for seconds gives up on us and does the work in a process of its own.

/** So long a stream of callers can keep the work from beginning. */
const longestHoldMs = 100;

export class Turns {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #scheduled = false;
  #cameNow = false;
  #heldSince: number | undefined;

  /** @param most Infinity: none waits for another to end */
  constructor(most: number) {
    this.#most = most;
  }

  /** Runs the work when its turn comes; the next one's comes when it has ended, however it ended. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await new Promise<void>((go) => {
      this.#waiting.push(go);
      this.#schedule();
    });
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#schedule();
    }
  }

  /** A caller came in this turn of the loop; there may be more behind him. */
  hold(): void {
    this.#cameNow = true;
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0 || this.#running >= this.#most) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#isHeld()) {
        this.#running += 1;
        this.#waiting.shift()?.();
      }
      this.#schedule();
    });
  }

  #isHeld(): boolean {
    const now = performance.now();
    if (this.#cameNow) this.#heldSince ??= now;
    else this.#heldSince = undefined;
    this.#cameNow = false;
    return this.#heldSince !== undefined && now - this.#heldSince < longestHoldMs;
  }
}
