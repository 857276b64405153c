// Settings below /proc/sys/net of the namespace that the thread is in; written only where they differ.
import { readFileSync, writeFileSync } from 'node:fs';
import { SuiteError } from '../../daemons/shared/model/errors.ts';

/** Without it the caller cannot go on. @throws SuiteError SYSCTL_REFUSED. */
export function setOrFail(name: string, value: string): void {
  try {
    set(name, value);
  } catch (cause) {
    throw new SuiteError('SYSCTL_REFUSED', `set net/${name} to ${value}`, { cause });
  }
}

/** The caller does without it. */
export function setIfPossible(name: string, value: string): void {
  try {
    set(name, value);
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
  }
}

function set(name: string, value: string): void {
  const path = `/proc/sys/net/${name}`;
  if (readFileSync(path, 'utf8').trim() !== value) writeFileSync(path, value);
}
