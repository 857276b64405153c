// One pass at a time, again while poked meanwhile, later after a failure. Events say "look again", never what to do.
import { backoffMs } from './backoff.ts';

export interface LoopOptions {
  readonly pass: () => Promise<void>;
  /** Told of each failure; the loop itself goes on. */
  readonly failed: (error: unknown, failures: number) => void;
  /** Pokes that come within this time are one pass, ms. */
  readonly quietMs?: number;
  /** Time for each pass, from its end on, in the long run: a first poke is served at once, a storm is not. */
  readonly restMs?: number | (() => number);
  /**
   * So many passes may follow each other without a rest, once there have been as many rests without a pass: changes that come
   * now and then never wait, and a storm makes no more than these and one each rest. Default 1.
   */
  readonly burst?: number;
  /** Look again even if nobody pokes, ms. */
  readonly everyMs?: number | (() => number);
}

export class Loop {
  readonly #options: LoopOptions;
  #dirty = false;
  #running: Promise<void> | undefined;
  /** Set before the pass begins: a pass may poke its own loop before it first waits. */
  #busy = false;
  #closed = false;
  #failures = 0;
  /** When the rests of all passes so far are over, one after the other. */
  #restedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #due = Number.POSITIVE_INFINITY;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  poke(): void {
    this.#dirty = true;
    if (!this.#busy) this.#schedule(this.#untilPass());
  }

  /** No further pass; waits for the one that runs. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #untilPass(): number {
    const { quietMs = 0, burst = 1 } = this.#options;
    return Math.max(quietMs, this.#restedAt - (burst - 1) * this.#rest() - performance.now());
  }

  /** Passes that nobody poked for do not ask for a rest, so what is owed has a bound. */
  #noteRest(now: number): void {
    const rest = this.#rest();
    this.#restedAt = Math.min(Math.max(this.#restedAt, now) + rest, now + (this.#options.burst ?? 1) * rest);
  }

  #rest(): number {
    const { restMs = 0 } = this.#options;
    return typeof restMs === 'function' ? restMs() : restMs;
  }

  /** The earliest wish wins: a poke need not wait for the timer of the next regular look. */
  #schedule(ms: number): void {
    const due = performance.now() + ms;
    if (this.#closed || due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.#due = Number.POSITIVE_INFINITY;
      this.#running = this.#run();
    }, ms);
  }

  async #run(): Promise<void> {
    this.#busy = true;
    this.#dirty = false;
    let next: number | undefined;
    try {
      await this.#options.pass();
      this.#failures = 0;
      const { everyMs } = this.#options;
      next = typeof everyMs === 'function' ? everyMs() : everyMs;
    } catch (error) {
      this.#failures += 1;
      this.#options.failed(error, this.#failures);
      next = backoffMs(this.#failures, Math.random());
    }
    this.#busy = false;
    this.#running = undefined;
    this.#noteRest(performance.now());
    if (this.#dirty) this.#schedule(Math.max(this.#untilPass(), this.#failures > 0 ? (next ?? 0) : 0));
    else if (next !== undefined) this.#schedule(next);
  }
}
