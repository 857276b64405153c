import { Parser } from 'tap-parser';

/** What a file, a tier or the whole run came to. A test is what a file declares at its top level. */
export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

export interface FileTotals extends Totals {
  /** Why the file failed beyond its failed tests, or why it was skipped. */
  notes: string[];
}

export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly timedOutAfterS?: number | undefined;
  readonly leftProcesses?: boolean | undefined;
}

export function sumTotals(all: readonly Totals[]): Totals {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const one of all) {
    sum.passed += one.passed;
    sum.failed += one.failed;
    sum.skipped += one.skipped;
  }
  return sum;
}

/**
 * Counts a file's TAP while it comes. A file that says it is well but ends badly (exit code, signal, no plan, a plan
 * that was not kept, no test at all, a bail-out, too late) counts as one failed test, unless it reported a failed one.
 */
export class TapCounter {
  readonly #totals: FileTotals = { passed: 0, failed: 0, skipped: 0, notes: [] };
  readonly #parser = new Parser();
  #planned = false;

  constructor() {
    this.#parser.on('plan', () => {
      this.#planned = true;
    });
    this.#parser.on('assert', (point) => {
      if (point.skip || point.todo) this.#totals.skipped += 1;
      else if (point.ok) this.#totals.passed += 1;
      else this.#totals.failed += 1;
    });
  }

  write(text: string): void {
    this.#parser.write(text);
  }

  end(ending: Ending): FileTotals {
    const totals = this.#totals;
    this.#parser.end();
    const results = this.#parser.results;
    const reported = totals.passed + totals.failed + totals.skipped;
    if (results?.bailout) totals.notes.push(`bailed out: ${results.bailout}`);
    if (ending.timedOutAfterS !== undefined) totals.notes.push(`still running after ${ending.timedOutAfterS} s, ended`);
    if (ending.leftProcesses) totals.notes.push('left processes running, ended');
    const reason = this.#planned && results?.plan.skipAll ? results.plan.skipReason.replace(/^SKIP\S*\s*/i, '') : '';
    if (reason !== '' && reason !== 'no tests found' && totals.notes.length === 0 && ending.code === 0) {
      totals.skipped += 1;
      totals.notes.push(reason);
      return totals;
    }
    if (reported === 0) totals.notes.push('reported no test');
    else if (results && !results.ok && totals.failed === 0) totals.notes.push('its plan was not kept');
    if (ending.code !== 0 && totals.failed === 0)
      totals.notes.push(`ended with ${ending.signal ?? `exit code ${ending.code}`}`);
    if (totals.notes.length > 0 && totals.failed === 0) totals.failed = 1;
    return totals;
  }
}
