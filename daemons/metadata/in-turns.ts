// Long work beside the ordinary work of the loop.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Steps } from './steps.ts';

const usualTurnMs = 4;
/** The clock is looked at after so many steps. */
const stepsPerLook = 16;

/** Does the work in turns of a few milliseconds. @throws what the work throws. */
export async function inTurns<T>(steps: Steps<T>, turnMs = usualTurnMs): Promise<T> {
  let end = performance.now() + turnMs;
  for (let count = 1; ; count += 1) {
    const { done, value } = steps.next();
    if (done) return value;
    if (count % stepsPerLook !== 0 || performance.now() < end) continue;
    await nextTurn();
    end = performance.now() + turnMs;
  }
}
