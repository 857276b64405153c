// One queue for many containers: of each, one job at a time and in order; of all, a bounded number at once. A look that was
// asked for twice is taken once, a look that failed is taken again, for ever, later and later.
import { SuiteError } from '../../shared/model/errors.ts';
import { backoffMs } from '../../shared/reconcile/backoff.ts';

export interface QueueOptions {
  /** May reject; telling of it is its own business. */
  readonly look: (key: string) => Promise<void>;
  /** Jobs at once. */
  readonly parallel?: number;
  /** Keys that wait; beyond it they are refused, and the next full look finds them. */
  readonly maxKeys?: number;
}

type Job = () => Promise<void>;

interface Entry {
  /** Jobs of callers who wait for an answer; they go before the look. */
  readonly jobs: Job[];
  look: boolean;
  state: 'idle' | 'waiting' | 'busy';
  failures: number;
  timer: NodeJS.Timeout | undefined;
}

const maxJobsAKey = 8;

export class KeyedQueue {
  refused = 0;
  readonly #options: QueueOptions;
  readonly #parallel: number;
  readonly #maxKeys: number;
  readonly #entries = new Map<string, Entry>();
  readonly #waiting: string[] = [];
  #busy = 0;
  #closed = false;
  #idle: (() => void) | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#parallel = options.parallel ?? 16;
    this.#maxKeys = options.maxKeys ?? 20_000;
  }

  /** Look at the key soon; now, if it was waiting out a failure. */
  poke(key: string): void {
    const entry = this.#entryOf(key);
    if (!entry) return;
    entry.look = true;
    this.#wake(key, entry);
  }

  /** Runs the work when nothing else runs for the key. */
  exclusive<T>(key: string, work: () => Promise<T>): Promise<T> {
    const entry = this.#entryOf(key);
    if (!entry || entry.jobs.length >= maxJobsAKey) {
      return Promise.reject(new SuiteError('BUSY', 'wait for an attachment', { hint: 'try again in a moment' }));
    }
    return new Promise<T>((resolve, reject) => {
      entry.jobs.push(() => work().then(resolve, reject));
      this.#wake(key, entry);
    });
  }

  /** Keys whose last look failed. */
  get failing(): number {
    let count = 0;
    for (const entry of this.#entries.values()) if (entry.failures > 0) count += 1;
    return count;
  }

  /** Nothing new begins; resolves when what runs has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const entry of this.#entries.values()) clearTimeout(entry.timer);
    if (this.#busy > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  #entryOf(key: string): Entry | undefined {
    const known = this.#entries.get(key);
    if (known || this.#closed) return this.#closed ? undefined : known;
    if (this.#entries.size >= this.#maxKeys) {
      this.refused += 1;
      return undefined;
    }
    const made: Entry = { jobs: [], look: false, state: 'idle', failures: 0, timer: undefined };
    this.#entries.set(key, made);
    return made;
  }

  #wake(key: string, entry: Entry): void {
    // A retry that was due later is due now, also when a caller's job comes in between.
    if (entry.timer) entry.look = true;
    clearTimeout(entry.timer);
    entry.timer = undefined;
    if (entry.state !== 'idle') return;
    entry.state = 'waiting';
    this.#waiting.push(key);
    this.#startMore();
  }

  #startMore(): void {
    while (!this.#closed && this.#busy < this.#parallel) {
      const key = this.#waiting.shift();
      if (key === undefined) return;
      void this.#run(key, this.#entries.get(key)!);
    }
  }

  async #run(key: string, entry: Entry): Promise<void> {
    entry.state = 'busy';
    this.#busy += 1;
    const job = entry.jobs.shift();
    if (job) await job();
    else await this.#look(key, entry);
    this.#busy -= 1;
    entry.state = 'idle';
    if (entry.look || entry.jobs.length > 0) this.#wake(key, entry);
    else if (!entry.timer) this.#entries.delete(key);
    this.#startMore();
    if (this.#busy === 0) this.#idle?.();
  }

  async #look(key: string, entry: Entry): Promise<void> {
    entry.look = false;
    try {
      await this.#options.look(key);
      entry.failures = 0;
    } catch {
      entry.failures += 1;
      if (!this.#closed) entry.timer = setTimeout(() => this.poke(key), backoffMs(entry.failures, Math.random()));
    }
  }
}
