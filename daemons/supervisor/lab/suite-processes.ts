// The suite's own processes on a lab's host, by their programs.
import { readFileSync } from 'node:fs';
import { type DaemonName, daemonNames } from '../../shared/model/paths.ts';
import { processesIn, type Space } from './spaces.ts';

export interface HostProcess {
  /** As seen from outside. */
  readonly pid: number;
  readonly daemon: DaemonName;
}

export function suiteProcesses(space: Space): HostProcess[] {
  return processesIn(space).flatMap((pid) => {
    const daemon = daemonOf(cmdlineOf(pid));
    return daemon === undefined ? [] : [{ pid, daemon }];
  });
}

/** `node … daemons/dns/main.ts`, in a release `main.js`; the supervisor is `corral up` itself. */
function daemonOf(words: readonly string[]): DaemonName | undefined {
  const at = words.findIndex((word) => /\/main\.[jt]s$/.test(word));
  if (at < 1) return undefined;
  const program = words[at]!.slice(0, -'.ts'.length);
  if (program.endsWith('/supervisor/cli/main')) return words[at + 1] === 'up' ? 'supervisor' : undefined;
  return daemonNames.find((name) => program.endsWith(`/daemons/${name}/main`));
}

function cmdlineOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // it ended meanwhile
  }
}
