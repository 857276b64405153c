// How late timers fire here: what a busy machine adds to every wait, that of the program under test as much as ours. Limits of
// a promise grow by it, so that they hold as they are on a quiet machine and do not fail on one that others keep busy.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { TestScope } from './namespaces.ts';

const everyMs = 5;
/** A question passes several programs, each of which may have to wait for a processor. */
const programs = 5;

/** Returns what to add to a limit, in milliseconds, for all that happened since the call before. */
export function watchLateness(t: TestScope): () => number {
  const delays = monitorEventLoopDelay({ resolution: everyMs });
  delays.enable();
  t.teardown(() => void delays.disable());
  return () => {
    const late = Math.max(0, delays.max / 1e6 - everyMs);
    delays.reset();
    return programs * late;
  };
}
