// Pure: what `corral doctor` found, for people: one line a check, the remedy below it.
import type { Finding } from '../doctor/check.ts';
import { results } from '../doctor/verdict.ts';
import { printable } from './printable.ts';

export interface Diagnosis {
  /** No check failed. */
  readonly ok: boolean;
  readonly host: string;
  readonly version: string;
  /** ISO 8601. */
  readonly time: string;
  readonly checks: readonly Finding[];
}

export function renderDiagnosis({ checks }: Diagnosis): string {
  const width = Math.max(0, ...checks.map(({ id }) => id.length));
  const lines = checks.flatMap(({ id, result, evidence, next }) => [
    `${result}  ${id.padEnd(width)}  ${evidence}`,
    ...(next === null ? [] : [`${' '.repeat(width + 8)}→ ${next}`]),
  ]);
  const counts = results.map((result) => `${checks.filter((one) => one.result === result).length} ${result}`);
  return `${lines.map(printable).join('\n')}\n\n${checks.length} checks: ${counts.join(', ')}\n`;
}
