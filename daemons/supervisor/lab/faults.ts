// Faults that a person or a test makes in a lab, and their ends.
import { SuiteError } from '../../shared/model/errors.ts';
import { type DaemonName, daemonNames } from '../../shared/model/paths.ts';
import { startSuite, suiteReady } from './host-suite.ts';
import { type Lab, spaceOf } from './lab-file.ts';
import { type FaultWords, parseFault } from './parse-fault.ts';
import { findHost, switchName } from './plan-lab.ts';
import { kill, type Space } from './spaces.ts';
import { emptyStore, etcdProcesses, startStore, stopStore } from './store.ts';
import { type HostProcess, suiteProcesses } from './suite-processes.ts';
import { until } from './until.ts';
import { setCable } from './wire.ts';

const resumeMs = 120_000;
const goneMs = 20_000;

/** Does it and tells in one line what was done. @throws SuiteError USAGE, TARGET_UNKNOWN, NOT_RUNNING */
export async function makeFault(lab: Lab, words: FaultWords): Promise<string> {
  const fault = parseFault(words);
  const toSwitch = spaceOf(lab, switchName);
  switch (fault.on) {
    case 'store':
      return storeFault(lab, fault.action);
    case 'cable': {
      const host = findHost(lab.plan, fault.host);
      await setCable(host, toSwitch, fault.action === 'cut' ? 'cut' : 'whole');
      return `${host.name}: its cable is ${fault.action === 'cut' ? 'cut; corral lab fault heal mends it' : 'whole'}`;
    }
    case 'suite':
      return suiteFault(lab, fault.host, fault.action, fault.daemon);
    default: {
      const never: never = fault;
      return never;
    }
  }
}

async function storeFault(lab: Lab, action: 'stop' | 'start' | 'empty' | 'pause' | 'resume'): Promise<string> {
  if (lab.plan.store !== 'etcd') throw new SuiteError('USAGE', 'disturb the store: each host of this lab has its own');
  const space = spaceOf(lab, switchName);
  switch (action) {
    case 'stop':
      await stopStore(space);
      return 'etcd is stopped; its data stay';
    case 'start':
      await startStore(lab.plan, space);
      return 'etcd runs';
    case 'empty':
      await emptyStore(lab.plan, space);
      return 'etcd runs, and has forgotten everything';
    case 'pause':
    case 'resume':
      for (const pid of etcdProcesses(space)) kill(pid, action === 'pause' ? 'SIGSTOP' : 'SIGCONT');
      return action === 'pause' ? 'etcd stands still' : 'etcd goes on';
  }
}

async function suiteFault(
  lab: Lab,
  name: string,
  action: 'kill' | 'pause' | 'resume',
  daemon: DaemonName | undefined,
): Promise<string> {
  const host = findHost(lab.plan, name);
  const space = spaceOf(lab, name);
  const targets = suiteProcesses(space).filter((one) => daemon === undefined || one.daemon === daemon);
  if (action === 'resume') return resume(targets);
  if (targets.length === 0) {
    throw new SuiteError('NOT_RUNNING', `${action} ${daemon ?? 'the suite'} on ${name}`, {
      hint: 'See corral lab status',
    });
  }
  // The supervisor first: it would start anew what dies.
  for (const { pid } of inOrder(targets)) kill(pid, action === 'kill' ? 'SIGKILL' : 'SIGSTOP');
  if (action === 'kill') await untilGone(space, targets);
  const what = daemon ?? 'the suite';
  return `${name}: ${what} ${action === 'kill' ? 'is killed' : `stands still; corral lab fault resume ${name} ends it`}`;

  async function resume(stopped: readonly HostProcess[]): Promise<string> {
    for (const { pid } of stopped) kill(pid, 'SIGCONT');
    const isUp = suiteProcesses(space).some((one) => one.daemon === 'supervisor');
    if (!isUp) startSuite(host, space);
    await suiteReady(host, resumeMs);
    return `${name}: ${isUp ? 'goes on' : 'the suite runs again'}`;
  }
}

/** A busy machine takes its time, and who starts the suite again would take the dying one for a living one. */
async function untilGone(space: Space, killed: readonly HostProcess[]): Promise<void> {
  const pids = new Set(killed.map(({ pid }) => pid));
  await until(goneMs, 'end what was killed', () => suiteProcesses(space).every(({ pid }) => !pids.has(pid)));
}

function inOrder(processes: readonly HostProcess[]): HostProcess[] {
  const rank = ({ daemon }: HostProcess): number => daemonNames.length - daemonNames.indexOf(daemon);
  return [...processes].sort((a, b) => rank(a) - rank(b));
}
