// Log files of the daemons. They are appended to by descriptors that outlive the supervisor; a pipe would end with its
// reader and take the writer along. Each is bounded: the file and one predecessor.
import { closeSync, copyFileSync, mkdirSync, openSync, readSync, renameSync, statSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';

export const maxLogBytes = 10 * 1024 * 1024;

/** Opens a log to append to; a large one becomes `<path>.1` first. The caller closes the descriptor. */
export function openLog(path: string, maxBytes = maxLogBytes): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  if (sizeOf(path) > maxBytes) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o640);
}

/**
 * Cuts a log that has grown too large while a process appends to it: its content is copied to `<path>.1`, the file emptied.
 * A rename would not do, since the writer keeps its descriptor; lines written between the two calls are lost.
 */
export function boundLog(path: string, maxBytes = maxLogBytes): boolean {
  if (sizeOf(path) <= maxBytes) return false;
  copyFileSync(path, `${path}.1.new`);
  truncateSync(path, 0);
  renameSync(`${path}.1.new`, `${path}.1`);
  return true;
}

/** What a daemon said last that is no log line: why it could not even start. */
export function lastPlainLine(path: string): string | undefined {
  return lastPlainLineOf(readTail(path, 4_096));
}

export function lastPlainLineOf(text: string): string | undefined {
  const plain = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('{'));
  const telling = plain.findLast((line) => /^(corral |\w*Error\b)/.test(line));
  return (telling ?? plain.at(-1))?.slice(0, 300);
}

function readTail(path: string, bytes: number): string {
  const size = sizeOf(path);
  if (size === 0) return '';
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(Math.min(bytes, size));
    const read = readSync(fd, buffer, 0, buffer.length, Math.max(0, size - bytes));
    return buffer.toString('utf8', 0, read);
  } finally {
    closeSync(fd);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
