// Starts a daemon's process so that it belongs to nobody: a session of its own (no terminal's Ctrl-C reaches it), no pipe to
// the supervisor, only the log file.
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { ProcessId } from './child.ts';
import { openLog } from './log-files.ts';
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

/** @throws Node's own error when no process can be made. */
export async function launch(spec: DaemonSpec, logPath: string): Promise<Launched> {
  const log = openLog(logPath);
  try {
    const child = spawn(process.execPath, [...nodeFlags, spec.main], {
      detached: true,
      cwd: '/',
      stdio: ['ignore', log, log],
    });
    const end = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ? `was killed by ${signal}` : `exited with code ${code}`));
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
