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

/** `node … daemons/dns/main.ts`; the supervisor is `corral up` itself. */
function daemonOf(words: readonly string[]): DaemonName | undefined {
  const program = words.findIndex((word) => word.endsWith('/main.ts'));
  if (program < 1) return undefined;
  if (words[program]!.endsWith('/supervisor/cli/main.ts'))
    return words[program + 1] === 'up' ? 'supervisor' : undefined;
  return daemonNames.find((name) => words[program]!.endsWith(`/daemons/${name}/main.ts`));
}

function cmdlineOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // it ended meanwhile
  }
}
