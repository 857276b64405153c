// Advisory locks between processes, by flock on a file of their own.
//
// The kernel drops a lock when its last descriptor closes, so a killed holder never leaves one behind. The lock file
// itself is never unlinked: a process that waits on the old inode and one that creates a new file would both believe
// that they hold the lock. A few empty files are the price.
import { closeSync, openSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { SuiteError } from '../model/errors.ts';
import { flock } from './libc.ts';

export interface Lock {
  /** Gives the lock up; calling it again does nothing. */
  release(): void;
}

/** Readers share, a writer excludes. */
export type LockMode = 'exclusive' | 'shared';

export interface LockOptions {
  /** Default: exclusive. */
  readonly mode?: LockMode;
  /** How long to wait for other holders, ms. 0 tries once. */
  readonly waitMs: number;
}

const LONGEST_PAUSE_MS = 20;

/** Tries once; undefined if another holder is in the way. Creates the file (0600) if needed. */
export function tryLockFile(path: string, mode: LockMode = 'exclusive'): Lock | undefined {
  const fd = openSync(path, 'a', 0o600);
  let held = false;
  const release = (): void => {
    if (held) closeSync(fd);
    held = false;
  };
  try {
    held = flock(fd, mode);
  } finally {
    if (!held) closeSync(fd);
  }
  return held ? { release } : undefined;
}

/**
 * Takes the lock of `path`, waiting for other holders.
 * Waits by polling, first 1 ms then doubling to 20: flock offers no wake-up without a thread that blocks.
 * @throws SuiteError LOCK_TIMEOUT when others held it for the whole wait.
 */
export async function lockFile(path: string, options: LockOptions): Promise<Lock> {
  const deadline = performance.now() + options.waitMs;
  for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const lock = tryLockFile(path, options.mode);
    if (lock) return lock;
    const left = deadline - performance.now();
    if (left <= 0) throw new SuiteError('LOCK_TIMEOUT', `lock ${path}: still held after ${options.waitMs} ms`);
    await sleep(Math.min(pause, left));
  }
}
