// Settings below /proc/sys/net of the namespace that the thread is in; written only where they differ.
import { openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { procSys } from '../../daemons/shared/effects/sysctl.ts';
import { SuiteError } from '../../daemons/shared/model/errors.ts';

/** Without it the caller cannot go on. @throws SuiteError SYSCTL_REFUSED. */
export function setOrFail(name: string, value: string): void {
  try {
    set(name, value);
  } catch (cause) {
    throw new SuiteError('SYSCTL_REFUSED', `set net/${name} to ${value}`, { cause });
  }
}

const kept = new Map<string, number>();
const short = Buffer.alloc(16);

/**
 * The same for a switch of this process' own namespace that every ADD looks at. Its file stays open: the kernel finds a
 * path below /proc/sys/net among those of all namespaces, and with hundreds of containers that takes half a millisecond.
 */
export function switchOn(name: string): void {
  try {
    const fd = kept.get(name) ?? openSync(`${procSys}/net/${name}`, 'r+');
    kept.set(name, fd);
    const length = readSync(fd, short, 0, short.length, 0);
    if (short.toString('latin1', 0, length).trim() !== '1') writeSync(fd, '1', 0);
  } catch {
    setOrFail(name, '1'); // one that may only be read can be on all the same
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
  const path = `${procSys}/net/${name}`;
  if (readFileSync(path, 'utf8').trim() !== value) writeFileSync(path, value);
}
