// Pure: a moment in the past, as people write it.
import { SuiteError } from '../../shared/model/errors.ts';

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * `30s`, `10m`, `2h`, `1d` before `now`, or a time such as 2026-11-29T21:00:00Z; ms since the epoch.
 * @throws SuiteError USAGE
 */
export function parseSince(text: string, now: number): number {
  const span = /^(\d{1,6})([smhd])$/.exec(text);
  if (span) return now - Number(span[1]) * units[span[2]!]!;
  const moment = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(moment)) return moment;
  throw new SuiteError('USAGE', `look back to ${text}`, { hint: 'write 30s, 10m, 2h, 1d or 2026-11-29T21:00:00Z' });
}

/** A whole number of lines or events. @throws SuiteError USAGE */
export function parseCount(text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new SuiteError('USAGE', `show ${text} of them`, { hint: 'write a whole number' });
}
