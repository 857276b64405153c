// Time that only goes forward, and timers. Injected, so that tests advance time by hand (test/fakes/clock.ts).
import { performance } from 'node:perf_hooks';

/** Ends a timer that has not fired yet; harmless afterwards. */
export type Cancel = () => void;

export interface Clock {
  /** Milliseconds since some moment; unaffected by changes of the wall clock. */
  now(): number;
  /** Calls `work` once after `ms`. Does not keep the process alive. */
  after(ms: number, work: () => void): Cancel;
  /** Calls `work` every `ms`, first after `ms`. Does not keep the process alive. */
  every(ms: number, work: () => void): Cancel;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, work) {
    const timer = setTimeout(work, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
  every(ms, work) {
    const timer = setInterval(work, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};
