// The lab's etcd: one member in the switch's space, its data on a tmpfs that only the space holds.
import { readFileSync } from 'node:fs';
import { run } from '../../shared/effects/command.ts';
import { callRaw } from '../../shared/source/call.ts';
import { labEnvironment } from './environment.ts';
import { controlSocket } from './outside.ts';
import { etcdEndpoint, type LabPlan } from './plan-lab.ts';
import { enter, kill, processesIn, type Space, startIn } from './spaces.ts';
import { until } from './until.ts';

/** Below the space's own /run. */
const dataDir = '/run/etcd';
const peerUrl = 'http://127.0.0.1:2380';

export function etcdArguments(): string[] {
  return [
    ...['--name', 'lab', '--data-dir', dataDir, '--logger', 'zap', '--log-level', 'warn'],
    ...['--listen-client-urls', `${etcdEndpoint},http://127.0.0.1:2379`, '--advertise-client-urls', etcdEndpoint],
    ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl, '--initial-cluster', `lab=${peerUrl}`],
  ];
}

/** Starts etcd unless it runs, and waits until it answers. */
export async function startStore(plan: LabPlan, space: Space): Promise<void> {
  if (etcdProcesses(space).length === 0) {
    startIn(space, ['etcd', ...etcdArguments()], { env: labEnvironment(), log: `${plan.dir}/etcd.log` });
  }
  await until(
    30_000,
    `start etcd (its log: ${plan.dir}/etcd.log)`,
    async () => (await storeState(plan, space)) === 'up',
  );
}

export async function stopStore(space: Space): Promise<void> {
  await until(15_000, 'stop etcd', () => {
    const left = etcdProcesses(space);
    for (const pid of left) kill(pid, 'SIGKILL');
    return left.length === 0;
  });
}

/** What an administrator does who lost the data and begins anew. */
export async function emptyStore(plan: LabPlan, space: Space): Promise<void> {
  await stopStore(space);
  const [program = '', ...words] = [...enter(space), 'rm', '-rf', dataDir];
  await run(program, words);
  await startStore(plan, space);
}

export type StoreState = 'up' | 'down' | 'paused' | 'silent';

export async function storeState(plan: LabPlan, space: Space): Promise<StoreState> {
  const pids = etcdProcesses(space);
  if (pids.length === 0) return 'down';
  if (pids.some(isStopped)) return 'paused';
  try {
    const { status } = await callRaw(controlSocket(plan.dir), '/store', { timeoutMs: 2_000 });
    return status === 200 ? 'up' : 'silent';
  } catch {
    return 'silent';
  }
}

export function etcdProcesses(space: Space): number[] {
  return processesIn(space).filter((pid) => statOf(pid).name === 'etcd' && statOf(pid).state !== 'Z');
}

function isStopped(pid: number): boolean {
  return statOf(pid).state === 'T';
}

/** proc(5): the name stands in parentheses and may hold anything but the last one. */
function statOf(pid: number): { name: string; state: string } {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const end = text.lastIndexOf(')');
    return { name: text.slice(text.indexOf('(') + 1, end), state: text.charAt(end + 2) };
  } catch {
    return { name: '', state: 'Z' };
  }
}
