// Files that change whole or not at all. Synchronous, since lease files are written inside CNI ADD, where a trip
// through the thread pool costs more than the write itself.
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  unlinkSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { SuiteError } from '../model/errors.ts';
import { isDraft, writeAll, writeDraft } from './drafts.ts';

export { sweepDrafts } from './drafts.ts';

export interface WriteOptions {
  /** Permission bits, default 0600; exact, whatever the umask. */
  readonly mode?: number;
  /** Survive a power cut: sync the file and its folder. Default: no. */
  readonly sync?: boolean;
}

const SMALL = 1 << 20;

/** Replaces the file by `body`: readers see the old or the new content, never a part. Throws Node's own errors. */
export function writeAtomic(path: string, body: string, options: WriteOptions = {}): void {
  const draft = draftFor(path, body, options);
  try {
    renameSync(draft, path);
  } catch (error) {
    removeFile(draft);
    throw error;
  }
  if (options.sync) syncFolderOf(path);
}

/** Like writeAtomic, but only if the content differs. Returns whether it wrote. */
export function ensureFile(path: string, body: string, options: WriteOptions = {}): boolean {
  try {
    if (readTextIfPresent(path, Math.max(SMALL, body.length * 4)) === body) return false;
  } catch {
    // Unreadable or far too large: not what we want, so it is replaced.
  }
  writeAtomic(path, body, options);
  return true;
}

/**
 * Claims a name: the finished file is linked to it, so exactly one of several claimants wins and nobody reads a part.
 * Returns false if the name is taken.
 */
export function claimFile(path: string, body: string, options: WriteOptions = {}): boolean {
  const draft = draftFor(path, body, options);
  try {
    linkSync(draft, path);
    if (options.sync) syncFolderOf(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    removeFile(draft);
  }
}

/** Overwrites an existing file keeping its inode, for files bind-mounted into containers (resolv.conf). Not atomic. */
export function writeInPlace(path: string, body: string): void {
  const bytes = Buffer.from(body);
  const fd = openSync(path, 'r+');
  try {
    // Written before it is cut: a reader in between sees the new text with an old tail, never an empty file.
    writeAll(fd, bytes);
    ftruncateSync(fd, bytes.length);
  } finally {
    closeSync(fd);
  }
}

/**
 * Reads a small text file (files below /proc and /sys too, whose size reads as 0).
 * @throws SuiteError FILE_UNREADABLE, or FILE_TOO_LARGE above `maxBytes` (default 1 MiB).
 */
export function readText(path: string, maxBytes: number = SMALL): string {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    const text = readUpTo(fd, maxBytes);
    if (text === undefined) throw new SuiteError('FILE_TOO_LARGE', `read ${path}: more than ${maxBytes} bytes`);
    return text;
  } catch (cause) {
    if (cause instanceof SuiteError) throw cause;
    throw new SuiteError('FILE_UNREADABLE', `read ${path}: ${errnoOf(cause) ?? 'failed'}`, { cause });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** As readText, but undefined if the file is absent. */
export function readTextIfPresent(path: string, maxBytes: number = SMALL): string | undefined {
  if (!existsSync(path)) return undefined; // a tenth of what the error would cost
  try {
    return readText(path, maxBytes);
  } catch (error) {
    if (error instanceof SuiteError && errnoOf(error.cause) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Creates a folder and its parents; one that is there already keeps its mode. */
export function ensureDir(path: string, mode: number = 0o755): void {
  mkdirSync(path, { recursive: true, mode });
}

/** Removes a file; absence is success. Returns whether it was there. */
export function removeFile(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Names of the entries of a folder, without drafts; empty if the folder is absent. */
export function listFiles(dir: string): string[] {
  try {
    return readdirSync(dir).filter((name) => !isDraft(name));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** The errno name of an error from Node's fs (`ENOENT`), if it has one. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function draftFor(path: string, body: string, options: WriteOptions): string {
  return writeDraft(path, body, { mode: options.mode ?? 0o600, sync: options.sync ?? false });
}

/** Every file passes through it: memory of its own for each small one would cost more than reading it. */
const scratch = Buffer.allocUnsafeSlow(64 * 1024);

/** The text up to the end; undefined if it is longer than `most` bytes. */
function readUpTo(fd: number, most: number): string | undefined {
  const full: Buffer[] = [];
  let total = 0;
  for (let used = 0; ; ) {
    const count = readSync(fd, scratch, used, Math.min(scratch.length - used, most + 1 - total), null);
    total += count;
    used += count;
    if (total > most) return undefined;
    if (count === 0) {
      return full.length === 0
        ? scratch.toString('utf8', 0, used)
        : Buffer.concat([...full, scratch.subarray(0, used)]).toString('utf8');
    }
    if (used < scratch.length) continue;
    full.push(Buffer.from(scratch));
    used = 0;
  }
}

function syncFolderOf(path: string): void {
  const fd = openSync(dirname(path), 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
