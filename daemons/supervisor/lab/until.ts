// Polls until something holds; a wait that gives up says for what it waited.
import { setTimeout as sleep } from 'node:timers/promises';
import { patience } from '../../shared/effects/patience.ts';
import { SuiteError } from '../../shared/model/errors.ts';

/** Resolves with the first truthy value of `look`. @throws SuiteError DEADLINE after `ms`, and what `look` throws */
export async function until<T>(
  ms: number,
  attempted: string,
  look: () => T | Promise<T>,
  pauseMs = 50,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + ms * patience;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > deadline) {
      throw new SuiteError('DEADLINE', `${attempted}: not done in ${Math.round((ms * patience) / 1_000)} s`);
    }
    await sleep(pauseMs * patience); // looking, too, takes a slow machine's time
  }
}

/** Works on all items, at most `limit` at a time; waits for all of them, then throws the first error. */
export async function eachOf<T>(items: readonly T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined && failures.length === 0; item = left.shift()) {
      await work(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
}
