// Lets so many through at once, and the others wait in their order. One begins in each turn of the event loop: an ADD asks the
// kernel without leaving its turn, and a crowd of them would keep the others from being heard, who then give up on us.

export class Turns {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #scheduled = false;

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

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0 || this.#running >= this.#most) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#running += 1;
      this.#waiting.shift()?.();
      this.#schedule();
    });
  }
}
