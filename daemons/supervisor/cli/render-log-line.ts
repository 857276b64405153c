// Pure: a line of a log for people: when, how urgent, who, what, and the fields behind it.
import type { LogLine } from '../logs/parse-line.ts';
import { printable } from './printable.ts';

const nameWidth = 'network-manager'.length;

export function renderLogLine({ log, time, level, event, text, fields }: LogLine): string {
  const head = [time ?? '-'.padEnd(24), (level ?? '-').padEnd(5), log.padEnd(nameWidth)];
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${renderValue(value)}`);
  return printable(
    [...head, ...(event === null ? [] : [event]), text, ...rest].filter((part) => part !== '').join('  '),
  );
}

/** An error as daemons write it is its code and text; what is left is JSON. */
function renderValue(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  const { code, text } = (value ?? {}) as { code?: unknown; text?: unknown };
  if (typeof text === 'string') return JSON.stringify(typeof code === 'string' ? `${code}: ${text}` : text);
  return JSON.stringify(value);
}
