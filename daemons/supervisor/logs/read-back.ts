// Reads logs from their ends: the last lines of a file of 10 MB are found without reading the rest.
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { type LineFilter, type LogLine, parseLogLine, passes } from './parse-line.ts';

const blockBytes = 64 * 1024;
/** More in one line is no line of ours; it is passed over. */
const maxLineBytes = 1024 * 1024;

/** Names of the logs in a folder: `dns` of `dns.log`. */
export function logNames(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.log'))
      .map((name) => name.slice(0, -'.log'.length))
      .sort();
  } catch {
    return []; // nothing ever ran
  }
}

/**
 * The last lines of a log and its predecessor that pass, the oldest first. A line older than `sinceMs` ends the search.
 * @param end bytes of the current file that count; a follower goes on from there
 */
export function lastLines(path: string, log: string, count: number, filter: LineFilter, end?: number): LogLine[] {
  const found: LogLine[] = [];
  for (const raw of linesBackward([path, `${path}.1`], end)) {
    if (found.length >= count) break;
    const line = parseLogLine(log, raw);
    if (line.time !== null && filter.sinceMs !== undefined && Date.parse(line.time) < filter.sinceMs) break;
    if (passes(line, filter)) found.push(line);
  }
  return dated(found.reverse());
}

/** Plain lines get the time of the line before them, so that logs can be merged. */
function dated(lines: readonly LogLine[]): LogLine[] {
  let last: string | null = lines.find(({ time }) => time !== null)?.time ?? null;
  return lines.map((line) => {
    last = line.time ?? last;
    return line.time === last ? line : { ...line, time: last };
  });
}

/** The last whole lines of a log and its predecessor, so many bytes at most. */
export function textFromEnd(path: string, maxBytes: number): string {
  const lines: string[] = [];
  let size = 0;
  for (const line of linesBackward([path, `${path}.1`])) {
    size += Buffer.byteLength(line) + 1;
    if (size > maxBytes) break;
    lines.push(line);
  }
  return lines
    .reverse()
    .map((line) => `${line}\n`)
    .join('');
}

function* linesBackward([path, ...older]: readonly string[], end?: number): Generator<string> {
  if (path === undefined) return;
  yield* linesOfFile(path, end);
  yield* linesBackward(older);
}

function* linesOfFile(path: string, end?: number): Generator<string> {
  const size = Math.min(end ?? Number.POSITIVE_INFINITY, statSync(path, { throwIfNoEntry: false })?.size ?? 0);
  if (size === 0) return;
  const fd = openSync(path, 'r');
  try {
    let rest: Buffer = Buffer.alloc(0);
    for (let from = size; from > 0; ) {
      const start = Math.max(0, from - blockBytes);
      const block = Buffer.concat([readAt(fd, start, from - start), rest]);
      from = start;
      const cut = start === 0 ? -1 : block.indexOf('\n');
      const isWhole = start === 0 || cut >= 0;
      rest = isWhole ? block.subarray(0, Math.max(cut, 0)) : block.length > maxLineBytes ? Buffer.alloc(0) : block;
      if (isWhole)
        yield* block
          .toString('utf8', cut + 1)
          .split('\n')
          .filter((line) => line.trim() !== '')
          .reverse();
    }
  } finally {
    closeSync(fd);
  }
}

function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(fd, buffer, 0, length, position));
}
