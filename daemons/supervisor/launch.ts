// `launcher: process`: starts a daemon's process so that it belongs to nobody: a session of its own (no terminal's Ctrl-C
// reaches it), no pipe to the supervisor, only the log file.
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { type DaemonName, daemonLog, type Paths } from '../shared/model/paths.ts';
import type { ProcessId } from './child.ts';
import { lastPlainLine, openLog } from './log-files.ts';
import { identify } from './processes.ts';
import type { DaemonSpec } from './table.ts';

/**
 * A young generation of 2 MB instead of 16: a daemon makes little garbage at a time, and V8 never gives the larger one back.
 * Saves about 10 MB a daemon idle and 40 MB after a burst of containers.
 */
const nodeFlags = ['--max-semi-space-size=2'];

export interface Launched {
  readonly process: ProcessId;
  /** Resolves at its end with how it ended, for people. */
  readonly end: Promise<string>;
}

/** How the daemons are started. What follows, from the first sign of life to the signals, is the same for all ways. */
export interface Launch {
  /** Where people find what a daemon says. */
  logOf(daemon: DaemonName): string;
  /** @throws an error for people when nothing could be started. */
  start(spec: DaemonSpec): Promise<Launched>;
}

export function processLauncher(paths: Paths): Launch {
  const logOf = (daemon: DaemonName): string => daemonLog(paths, daemon);
  return { logOf, start: (spec) => startProcess(spec, logOf(spec.name)) };
}

async function startProcess(spec: DaemonSpec, logPath: string): Promise<Launched> {
  const log = openLog(logPath);
  try {
    const child = spawn(process.execPath, [...nodeFlags, spec.main], {
      detached: true,
      cwd: '/',
      stdio: ['ignore', log, log],
    });
    const end = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ? `was killed by ${signal}` : describeExit(code, logPath)));
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    // Until it is waited for, even a dead child keeps its pid, so this finds no stranger.
    const pid = child.pid!;
    return { process: identify(pid) ?? { pid, startTicks: -1 }, end };
  } finally {
    closeSync(log);
  }
}

/** With why it gave up, if it said so. */
function describeExit(code: number | null, logPath: string): string {
  const words = lastPlainLine(logPath);
  return `exited with code ${code}${words ? `: ${words}` : ''}`;
}
