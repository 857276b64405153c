// Pure: how results are shown.
import type { FileTotals, Totals } from './tap-totals.ts';

export interface TierResult extends Totals {
  readonly name: string;
  readonly seconds: number;
  /** Why nothing ran. */
  readonly skippedBecause?: string | undefined;
}

const shownLines = 120;

export function renderFile(file: string, totals: FileTotals, seconds: number): string {
  const word = totals.failed > 0 ? 'FAILED' : totals.passed === 0 ? 'skipped' : 'ok';
  const counts = totals.failed > 0 ? `${totals.passed} passed, ${totals.failed} failed` : `${totals.passed} passed`;
  const skipped = totals.skipped > 0 && totals.passed > 0 ? `, ${totals.skipped} skipped` : '';
  const notes = totals.notes.map((note) => `; ${note}`).join('');
  return `  ${word.padEnd(8)}${file}  ${counts}${skipped}, ${seconds.toFixed(1)} s${notes}`;
}

/** The end of a failed file's output without the lines of tests that passed. */
export function renderFailure(output: string): string {
  const lines = output
    .split('\n')
    .filter((line) => !/^\s*(ok \d|# Subtest|# time=|1\.\.\d+$|TAP version|$)/.test(line));
  const left = lines.length - shownLines;
  const shown = lines.slice(-shownLines).map((line) => `    | ${line}`);
  return (left > 0 ? [`    | (${left} lines before)`, ...shown] : shown).join('\n');
}

export function renderTiers(results: readonly TierResult[]): string {
  const rows = results.map((result) => {
    const figures = [result.passed, result.failed, result.skipped].map((figure) => String(figure).padStart(9)).join('');
    const remark = result.skippedBecause ? `   skipped: ${result.skippedBecause}` : '';
    return `${result.name.padEnd(9)}${figures}${`${result.seconds.toFixed(1)} s`.padStart(11)}${remark}`;
  });
  return ['tier        passed   failed  skipped       time', ...rows].join('\n');
}

/** The run's last line. */
export function renderTotals(totals: Totals): string {
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
  return `${totals.passed} passed, ${totals.failed} failed${skipped}`;
}
