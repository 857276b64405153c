// Asks metadata and DNS from inside a container's network namespace: in a process, since Node.js makes its sockets whenever it likes.
import { programPath } from '../../shared/daemon/installation.ts';
import { run } from '../../shared/effects/command.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import type { ProbeAnswers, ProbeTask } from './probe.ts';

const startMs = 4_000;

/** @throws SuiteError COMMAND_*, PROTOCOL. */
export async function probeInside(netnsPath: string, task: ProbeTask): Promise<ProbeAnswers> {
  const program = programPath('daemons/supervisor/doctor/probe-process');
  const words = [`--net=${netnsPath}`, '--', process.execPath, program, JSON.stringify(task)];
  const { stdout } = await run('nsenter', words, { timeoutMs: task.timeoutMs + startMs });
  try {
    return JSON.parse(stdout) as ProbeAnswers;
  } catch (cause) {
    throw new SuiteError('PROTOCOL', `ask from ${netnsPath}`, { cause });
  }
}
