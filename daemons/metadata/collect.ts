// A large set leaves more garbage than it is large itself, and the engine, which collects when memory is asked for, would keep
// it for as long as nothing else happens.
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { State } from './state.ts';

/** Below this many records the garbage is not worth a pause. */
export const manyRecords = 20_000;
/** Until what followed a large set (the store, readers of the watch) has become garbage too. */
const usualWaitMs = 20_000;
/** An idle process asks for no memory, so it may take a while. */
const deadlineMs = 60_000;

/** All at once: stops the process for 100 to 200 ms among 100,000 records. For the start, when nobody is served. */
export function collectNow(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  setFlagsFromString('--no-expose-gc');
}

/**
 * Collects a while after many objects have changed: in the engine's small steps beside the ordinary work, with one stop of 10 to
 * 30 ms at the end. The flag says at which part of the memory that it allows itself the engine begins to collect; 0 is its own
 * judgement.
 */
export function collectAfterMany(state: State, waitMs = usualWaitMs): { close(): void } {
  let changed = 0;
  let timer: NodeJS.Timeout | undefined;
  let observer: PerformanceObserver | undefined;
  const rest = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (observer) setFlagsFromString('--incremental-marking-soft-trigger=0');
    observer?.disconnect();
    observer = undefined;
  };
  const begin = (): void => {
    changed = 0;
    observer = new PerformanceObserver((list) => {
      const all = list.getEntries() as unknown as readonly { readonly detail: { readonly kind: number } }[];
      if (all.some(({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR)) rest();
    });
    observer.observe({ entryTypes: ['gc'] });
    setFlagsFromString('--incremental-marking-soft-trigger=1');
    timer = setTimeout(rest, deadlineMs).unref();
  };
  const stop = state.onRevision(({ change }) => {
    changed += change.put.length + change.drop.length;
    if (changed >= manyRecords) timer ??= setTimeout(begin, waitMs).unref();
  });
  return {
    close() {
      stop();
      rest();
    },
  };
}
