// Pure: one line of a daemon's log: a JSON object of pino, or plain words of a process that could not even start.

/** From the least to the most urgent. */
export const lineLevels = ['debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LineLevel = (typeof lineLevels)[number];

export interface LogLine {
  /** Name of the log: of the daemon. */
  readonly log: string;
  /** As it lies in the file. */
  readonly raw: string;
  /** ISO 8601; of a plain line the time of the line before it, if one is known. */
  readonly time: string | null;
  /** Null: a plain line. */
  readonly level: LineLevel | null;
  readonly event: string | null;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function parseLogLine(log: string, raw: string, lastTime: string | null = null): LogLine {
  const plain: LogLine = { log, raw, time: lastTime, level: null, event: null, text: raw, fields: {} };
  if (!raw.startsWith('{')) return plain;
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    return plain; // cut by a crash or by a full disk
  }
  const { level, time, daemon: _daemon, pid: _pid, event, msg, ...fields } = value as Record<string, unknown>;
  const known = lineLevels.find((name) => name === level);
  if (known === undefined || typeof time !== 'string' || Number.isNaN(Date.parse(time))) return plain;
  return { log, raw, time, level: known, event: textOf(event) ?? null, text: textOf(msg) ?? '', fields };
}

export interface LineFilter {
  /** This level and the more urgent ones. */
  readonly level?: LineLevel | undefined;
  /** Wall time, ms since the epoch. */
  readonly sinceMs?: number | undefined;
}

/** Plain lines are the last words of a process: always urgent. */
export function passes({ level, time }: LogLine, filter: LineFilter): boolean {
  if (filter.level !== undefined && level !== null && rank(level) < rank(filter.level)) return false;
  return filter.sinceMs === undefined || time === null || Date.parse(time) >= filter.sinceMs;
}

function rank(level: LineLevel): number {
  return lineLevels.indexOf(level);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
