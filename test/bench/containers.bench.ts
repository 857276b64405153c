// Two hundred containers started at once through a real Docker Engine: how long until each has its address, what is left when
// all are removed, and what network-manager costs beside them when nothing happens.
import { setTimeout as pause } from 'node:timers/promises';
import { type Machine, makeMachine, startEngine } from '../docker/support/machine.ts';
import { type Suite, startSuite } from '../docker/support/suite.ts';
import { until } from '../netns/support/namespaces.ts';
import { renderFigures } from './figures.ts';
import type { Bench } from './main.ts';

const containers = 200;
const startedAtOnce = 16;
const settleMs = 45_000;
/** `CORRAL_BENCH_IDLE_SECONDS=60` is enough to see a change; what is published is five minutes. */
const idleMs = Number(process.env.CORRAL_BENCH_IDLE_SECONDS ?? 300) * 1_000;
const leases = '/run/corral/leases/corral/attachments';

async function run(): Promise<void> {
  const undo: (() => void | Promise<void>)[] = [];
  try {
    const machine = await makeMachine({ teardown: (work) => undo.unshift(work) });
    await startEngine(machine);
    const suite = await startSuite(machine);
    const begun = performance.now();
    create(machine);
    console.log(`created, not started              ${seconds(begun)}`);
    await startAll(machine);
    await idle(machine, suite);
    await removeAll(machine);
  } finally {
    for (const work of undo) await work();
  }
}

function create(machine: Machine): void {
  each(machine, 'docker create --net=none --name c-$1 --label io.rancher.container.network=true busybox sleep 3600');
}

/** From the first start to the last address, and for each container from its start to its finished lease. */
async function startAll(machine: Machine): Promise<void> {
  const begun = performance.now();
  each(machine, 'docker start c-$1');
  console.log(`docker start, ${startedAtOnce} at once            ${seconds(begun)}`);
  await until(30_000, 'all have an address', () => finished(machine) === containers);
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

async function removeAll(machine: Machine): Promise<void> {
  const begun = performance.now();
  each(machine, 'docker rm -f c-$1');
  console.log(`docker rm -f, ${startedAtOnce} at once            ${seconds(begun)}`);
  await until(30_000, 'nothing is left', () => left(machine) === '0 0 0');
  console.log(`first removal to nothing left     ${seconds(begun)}`);
}

/** Leases, claims and links. */
function left(machine: Machine): string {
  const claims = machine.sh('ls /run/corral/leases/corral/addresses | wc -l').trim();
  const links = machine.sh('ip -o link show type veth | grep -c vethr || true').trim();
  return `${finished(machine)} ${claims} ${links}`;
}

function finished(machine: Machine): number {
  return Number(machine.sh(`grep -l '"phase":"done"' ${leases}/*.json 2>/dev/null | wc -l`));
}

/** Runs a line for each container, `$1` its number. */
function each(machine: Machine, line: string): void {
  machine.sh(`seq ${containers} | xargs -P ${startedAtOnce} -n 1 sh -c '${line} >/dev/null' -`, { timeoutMs: 300_000 });
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
