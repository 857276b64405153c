// `corral takeover`: the running suite goes on as this release: the supervisor first, then daemon after daemon.
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { commandDirectory, programPath } from '../../shared/daemon/installation.ts';
import { patience } from '../../shared/effects/patience.ts';
import { hasCode, SuiteError } from '../../shared/model/errors.ts';
import type { DaemonStatus, SuiteStatus } from '../describe-status.ts';
import { runsProgram } from '../processes.ts';
import type { Command } from './command.ts';
import { askSupervisor, restartDaemon, suiteStatus } from './restart-daemon.ts';

const supervisorWithinMs = 30_000;
const daemonsWithinMs = 15_000;
const pollMs = 100;

export const command: Command = {
  spec: {
    name: 'takeover',
    positionals: [],
    options: {},
    about:
      'Lets the suite that runs on this host go on as the release that this command belongs to: the supervisor becomes its\n' +
      'own in the same process, then each daemon that is another release’s is restarted, one after the other. Containers\n' +
      'keep talking. Stops at the first daemon that does not become ready. A second run changes nothing.',
    example: '/opt/corral/current/bin/corral takeover',
  },
  async run() {
    const before = await suiteStatus();
    if (!isOurs(before, 'supervisor')) await becomeSupervisor();
    const { launcher, daemons } = await settled();
    if (launcher !== 'process') {
      console.log(`launcher: ${launcher}: the daemons are restarted by what starts them`);
      return exitCodes.done;
    }
    const old = daemons.filter((daemon) => daemon.name !== 'supervisor' && !runsOurs(daemon));
    for (const { name } of old) await restartDaemon(name);
    if (old.length === 0) console.log('nothing to do: every daemon is of this release');
    return exitCodes.done;
  },
};

async function becomeSupervisor(): Promise<void> {
  await askSupervisor('/v1/takeover', { body: { command: `${commandDirectory}/corral` } });
  await until(supervisorWithinMs, 'the supervisor becomes this release’s', (status) => isOurs(status, 'supervisor'));
  console.log('supervisor: of this release now');
}

/** The new supervisor has found those that run, or starts them. */
async function settled(): Promise<SuiteStatus> {
  return until(daemonsWithinMs, 'the supervisor finds the daemons', ({ daemons }) =>
    daemons.every(({ pid, state }) => pid !== null && state !== 'absent'),
  );
}

function isOurs({ daemons }: SuiteStatus, name: DaemonStatus['name']): boolean {
  const found = daemons.find((daemon) => daemon.name === name);
  return found !== undefined && runsOurs(found);
}

function runsOurs({ name, pid }: DaemonStatus): boolean {
  const program = name === 'supervisor' ? 'daemons/supervisor/cli/main' : `daemons/${name}/main`;
  return pid !== null && runsProgram(pid, programPath(program));
}

async function until(ms: number, what: string, holds: (status: SuiteStatus) => boolean): Promise<SuiteStatus> {
  const deadline = performance.now() + ms * patience;
  for (;;) {
    const status = await suiteStatus().catch(unlessAway);
    if (status && holds(status)) return status;
    if (performance.now() > deadline) {
      throw new SuiteError('NOT_READY', `take over: not in ${(ms * patience) / 1_000} s: ${what}`, {
        hint: 'corral status tells what runs, corral logs supervisor more',
      });
    }
    await sleep(pollMs);
  }
}

/** While it becomes another, nobody listens. */
function unlessAway(error: unknown): undefined {
  if (!hasCode(error, 'NOT_RUNNING', 'PROTOCOL')) throw error;
}
