// What the suite costs on a host without containers: time to be ready, memory, processor time while nothing happens.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Machine, makeMachine } from '../../docker/support/machine.ts';
import { type TestScope, until } from '../../netns/support/namespaces.ts';

export interface SuiteCost {
  /** Seconds from the command to every daemon ready; the first start, which compiles, is not among them. */
  readonly starts: readonly number[];
  readonly daemons: readonly DaemonCost[];
}

export interface DaemonCost {
  readonly name: string;
  /** Proportional set size, MB. */
  readonly pss: number;
  /** Per cent of one core. */
  readonly cpu: number;
}

interface Told {
  readonly name: string;
  readonly ready: boolean;
  readonly pid: number;
  readonly pss: number;
  readonly cpuSeconds: number;
}

/** @param command the `corral` to measure; `idleSeconds` it is left alone before its memory is read */
export async function suiteCost(
  t: TestScope,
  command: string,
  options: { starts: number; idleSeconds: number },
): Promise<SuiteCost> {
  const machine = await makeMachine(t);
  machine.sh("mkdir -p /etc/corral && echo 'engines: []' >/etc/corral/corral.yaml");
  const times: number[] = [];
  for (let round = 0; round <= options.starts; round += 1) {
    if (round > 0) await stop(machine, command);
    times.push(await start(machine, command));
  }
  const before = told(machine, command);
  const begun = performance.now();
  await sleep(options.idleSeconds * 1_000);
  const after = told(machine, command);
  const seconds = (performance.now() - begun) / 1_000;
  const daemons = after.map(({ name, pss, cpuSeconds }) => {
    const earlier = before.find((one) => one.name === name)!;
    return { name, pss: pss / 2 ** 20, cpu: ((cpuSeconds - earlier.cpuSeconds) / seconds) * 100 };
  });
  return { starts: times.slice(1), daemons };
}

async function start(machine: Machine, command: string): Promise<number> {
  const begun = performance.now();
  machine.start(command, ['up']);
  await until(60_000, 'all ready', () => {
    const daemons = told(machine, command);
    return daemons.length === 5 && daemons.every(({ ready }) => ready);
  });
  return (performance.now() - begun) / 1_000;
}

async function stop(machine: Machine, command: string): Promise<void> {
  const pid = told(machine, command).find(({ name }) => name === 'supervisor')!.pid;
  machine.sh(`kill ${pid}`);
  await until(
    40_000,
    'no daemon lives',
    () => machine.sh('pgrep -fc "daemons/[a-z-]+/(cli/)?main.[jt]s" || true').trim() === '0',
  );
}

function told(machine: Machine, command: string): Told[] {
  const text = machine.sh(`${command} status --json 2>/dev/null || true`);
  return text === '' ? [] : (JSON.parse(text) as { daemons: Told[] }).daemons;
}
