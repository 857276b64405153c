// Drafts: finished files under a temporary name, beside the place where they will be renamed or linked to.
// The name carries the writer's pid, so that what a killed writer left can be told from work in progress.
import { closeSync, fchmodSync, fsyncSync, openSync, readdirSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const DRAFT = /^\.draft-(\d+)-\d+-/;
const SAFE_AGE_MS = 60_000;
const MOST_LEFT = 1_000;
let counter = 0;

/** Writes `body` to a new draft for `path` and returns the draft's path. Mode bits are exact, whatever the umask. */
export function writeDraft(path: string, body: string, options: { mode: number; sync: boolean }): string {
  const { draft, fd } = openDraft(path, options.mode);
  try {
    fchmodSync(fd, options.mode);
    writeAll(fd, Buffer.from(body));
    if (options.sync) fsyncSync(fd);
  } catch (error) {
    unlinkSync(draft);
    throw error;
  } finally {
    closeSync(fd);
  }
  return draft;
}

/** A killed writer that had our pid may have left drafts under the very names that we use; sweepDrafts removes them. */
function openDraft(path: string, mode: number): { draft: string; fd: number } {
  for (let attempt = 1; ; attempt += 1) {
    counter += 1;
    const draft = join(dirname(path), `.draft-${process.pid}-${counter}-${basename(path)}`.slice(0, 255));
    try {
      return { draft, fd: openSync(draft, 'wx', mode) };
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EEXIST';
      if (!isTaken || attempt === MOST_LEFT) throw error;
    }
  }
}

export function isDraft(name: string): boolean {
  return DRAFT.test(name);
}

/**
 * Removes drafts that killed processes left in the folder and returns how many. A draft goes when its pid is gone *and*
 * it is older than a minute: a writer in another pid namespace looks dead from here.
 */
export function sweepDrafts(dir: string): number {
  let swept = 0;
  for (const name of readdirSync(dir)) {
    const pid = DRAFT.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const path = join(dir, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat || Date.now() - stat.mtimeMs < SAFE_AGE_MS) continue;
    unlinkSync(path);
    swept += 1;
  }
  return swept;
}

/** Writes all bytes at the start of the file; a single write may be short on a nearly full disk. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
