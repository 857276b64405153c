// Two hundred containers started at once through a real Docker Engine: how long until each has its address, what is left when
// all are removed, and what network-manager costs beside them when nothing happens.
import { setTimeout as pause } from 'node:timers/promises';
import { type Crowd, crowdOf } from '../docker/support/crowd.ts';
import { type Machine, makeMachine, startEngine } from '../docker/support/machine.ts';
import { type Suite, startSuite } from '../docker/support/suite.ts';
import { until } from '../netns/support/namespaces.ts';
import { renderFigures } from './figures.ts';
import type { Bench } from './main.ts';

const containers = 200;
const settleMs = 45_000;
/** `BENCH_IDLE_SECONDS=60` is enough to see a change; what is published is five minutes. */
const idleMs = Number(process.env.BENCH_IDLE_SECONDS ?? 300) * 1_000;
const leases = '/run/corral/leases/corral/attachments';

async function run(): Promise<void> {
  const undo: (() => void | Promise<void>)[] = [];
  try {
    const machine = await makeMachine({ teardown: (work) => undo.unshift(work) });
    await startEngine(machine);
    const suite = await startSuite(machine);
    const crowd = crowdOf(machine, containers);
    const begun = performance.now();
    crowd.create();
    console.log(`created, not started              ${seconds(begun)}`);
    await startAll(machine, crowd);
    await idle(machine, suite);
    await removeAll(crowd);
  } finally {
    for (const work of undo) await work();
  }
}

/** From the first start to the last address, and for each container from its start to its finished lease. */
async function startAll(machine: Machine, crowd: Crowd): Promise<void> {
  const begun = performance.now();
  crowd.start();
  console.log(`docker start, several at once     ${seconds(begun)}`);
  await until(30_000, 'all have an address', () => crowd.finished() === containers);
  console.log(`first start to last address       ${seconds(begun)}`);
  const starts = new Map(
    machine
      .sh("docker ps -q | xargs docker inspect -f '{{.ID}} {{.State.StartedAt}}'")
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  );
  const done = machine.sh(`stat -c '%n %.9Y' ${leases}/*.json`).trim().split('\n');
  const waits = done.map((line) => {
    const [, id = '', at = ''] = /([0-9a-f]{64})-eth0\.json (\S+)$/.exec(line) ?? [];
    return Number(at) * 1_000 - Date.parse(starts.get(id) ?? '');
  });
  const addresses = new Set(machine.sh('ls /run/corral/leases/corral/addresses').trim().split('\n'));
  console.log(`container's start to address      ${renderFigures(waits, 'ms')}`);
  console.log(`distinct addresses                ${addresses.size} of ${containers}`);
}

async function idle(machine: Machine, suite: Suite): Promise<void> {
  const pid = suite.pidOf('network-manager');
  // The kernel itself tells of ports and addresses for some time after they came.
  await pause(settleMs);
  const monitor = machine.start('sh', [
    '-c',
    `exec timeout ${idleMs / 1_000} ip monitor link address route >/run/monitor`,
  ]);
  const [ticks, writes] = [cpuTicks(machine, pid), keeperWrites(machine)];
  await until(idleMs + 10_000, 'the idle time is over', () => monitor.exitCode !== null);
  const cpu = ((cpuTicks(machine, pid) - ticks) / 100 / (idleMs / 1_000)) * 100;
  const changes = machine.sh('grep -c "^[^ ]" /run/monitor || true').trim();
  const wrote = keeperWrites(machine) - writes;
  console.log(`idle ${idleMs / 1_000} s: network-manager        ${cpu.toFixed(2)} % of a core, its programs included`);
  console.log(`idle: kernel changes, keeper writes ${changes}, ${wrote}`);
}

async function removeAll(crowd: Crowd): Promise<void> {
  const begun = performance.now();
  crowd.remove();
  console.log(`docker rm -f, several at once     ${seconds(begun)}`);
  await until(30_000, 'nothing is left', () => Object.values(crowd.left()).every((count) => count === 0));
  console.log(`first removal to nothing left     ${seconds(begun)}`);
}

/** User and system time of the process and of the programs that it ran to their end, hundredths of a second. */
function cpuTicks(machine: Machine, pid: number): number {
  const fields = machine.sh(`cat /proc/${pid}/stat`).split(') ')[1]?.split(' ') ?? [];
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
}

function keeperWrites(machine: Machine): number {
  const page = machine.sh('curl -s --unix-socket /run/corral/network-manager.sock http://x/metrics');
  const found = [...page.matchAll(/^corral_(?:keeper_writes|links_healed)_total\{[^}]*\} (\d+)$/gm)];
  return found.reduce((sum, [, count]) => sum + Number(count), 0);
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1_000).toFixed(1)} s`;
}

export default { describe: '200 containers at once through Docker Engine', run } satisfies Bench;
