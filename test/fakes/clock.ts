// A clock that a test advances by hand. Timers fire in the order of their time, at their time.
import type { Cancel, Clock } from '../../daemons/shared/effects/clock.ts';

interface Timer {
  at: number;
  readonly everyMs: number | undefined;
  readonly work: () => void;
}

export class FakeClock implements Clock {
  #now = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  after(ms: number, work: () => void): Cancel {
    return this.#add({ at: this.#now + ms, everyMs: undefined, work });
  }

  every(ms: number, work: () => void): Cancel {
    if (ms <= 0) throw new Error('a timer that repeats without time passing would never let the test end');
    return this.#add({ at: this.#now + ms, everyMs: ms, work });
  }

  /** How many timers wait: a test can see that none was left behind. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Lets time pass; after each timer, promises that it settled get their turn. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#now = next.at;
      if (next.everyMs === undefined) this.#timers.delete(next);
      else next.at += next.everyMs;
      next.work();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  #add(timer: Timer): Cancel {
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (timer.at <= end && (!first || timer.at < first.at)) first = timer;
    return first;
  }
}

async function settle(): Promise<void> {
  await new Promise(setImmediate);
}
