// Runs all checks at once, each with a deadline. A check that fails to look is a finding too, or nothing if it only lacks a daemon
// that does not run, which another check reports.
import { hasCode, SuiteError } from '../../shared/model/errors.ts';
import { within } from '../../shared/reconcile/within.ts';
import type { Check, Finding } from './check.ts';
import type { Scene } from './scene.ts';
import { fail, skip, type Verdict } from './verdict.ts';

/** Longer than any question of a check, so that its own words come first. */
const checkMs = 12_000;

export function runChecks(checks: readonly Check[], scene: Scene): Promise<Finding[]> {
  return Promise.all(
    checks.map(async ({ id, title, look }) => {
      return { id, title, ...(await lookSafely(id, async () => look(scene))) };
    }),
  );
}

async function lookSafely(id: string, look: () => Promise<Verdict>): Promise<Verdict> {
  try {
    return await within(checkMs, `check ${id}`, look());
  } catch (error) {
    if (hasCode(error, 'NOT_RUNNING')) return skip(`the daemon to ask does not run (${error.message})`);
    if (error instanceof SuiteError)
      return fail(`${error.code}: ${error.message}`, error.hint ?? 'docs/errors.md tells what the code means');
    return fail((error as Error).message, 'report this: a check of corral doctor broke');
  }
}
