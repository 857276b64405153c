// Long work in small pieces, for a loop that has other work too: after each few milliseconds whoever waits has a turn.
import { setImmediate as breathe } from 'node:timers/promises';

const sliceMs = 3;

/** Runs a generator to its end; it may be left at each `yield`. */
export async function inSlices<Result>(work: Iterator<unknown, Result, undefined>): Promise<Result> {
  let began = performance.now();
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    if (performance.now() - began < sliceMs) continue;
    await breathe();
    began = performance.now();
  }
}

/** Does the same to each item. */
export async function eachInSlices<Item>(items: Iterable<Item>, work: (item: Item) => void): Promise<void> {
  await inSlices(
    (function* () {
      for (const item of items) {
        work(item);
        yield;
      }
    })(),
  );
}
