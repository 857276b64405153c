// One node with a real Docker Engine: how long it takes to be ready, how long a container waits for its address, and memory.
import { type Machine, makeMachine, startEngine } from '../docker/support/machine.ts';
import { corral, repository, type Suite, startSuite } from '../docker/support/suite.ts';
import { until } from '../netns/support/namespaces.ts';
import { renderFigures } from './figures.ts';
import type { Bench } from './main.ts';

const starts = 5;
const containers = 30;

async function run(): Promise<void> {
  const undo: (() => void | Promise<void>)[] = [];
  try {
    const machine = await makeMachine({ teardown: (work) => undo.unshift(work) });
    await startEngine(machine);
    console.log(`scripts/up to all ready   ${renderFigures(await upTimes(machine), 's', 2)}`);
    const suite = await startSuite(machine);
    console.log(`start event to address    ${renderFigures(await attachTimes(machine), 'ms')}`);
    console.log(`resident memory           ${memory(machine, suite)}`);
  } finally {
    for (const work of undo) await work();
  }
}

/** Seconds from the command to every daemon ready, everything installed. */
async function upTimes(machine: Machine): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < starts; round += 1) {
    const begun = performance.now();
    machine.start(`${repository}/scripts/up`);
    await until(30_000, 'all ready', () => statusCode(machine) === 0);
    times.push((performance.now() - begun) / 1_000);
    machine.sh(`kill $(${corral} status --json | jq '.daemons[] | select(.name == "supervisor").pid')`);
    await until(
      15_000,
      'all down',
      () => !machine.sh('ls /run/corral/*.sock 2>/dev/null || true').includes('sock') || statusCode(machine) !== 0,
    );
    await until(
      15_000,
      'no daemon lives',
      () => machine.sh('pgrep -fc "daemons/[a-z-]+/main.ts" || true').trim() === '0',
    );
  }
  return times;
}

function statusCode(machine: Machine): number {
  return Number(machine.sh(`${corral} status >/dev/null 2>&1 && echo 0 || echo $?`));
}

/** Milliseconds from Docker's start event to the finished lease, which is written after the address is set. */
async function attachTimes(machine: Machine): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < containers; at += 1) {
    const since = machine.sh('date +%s.%N').trim();
    const id = machine
      .sh(`docker run -d --net=none --label io.rancher.container.network=true busybox sleep 600`)
      .trim();
    const lease = `/run/corral/leases/corral/attachments/${id}-eth0.json`;
    await until(5_000, 'the lease is finished', () =>
      machine.sh(`cat ${lease} 2>/dev/null || true`).includes('"done"'),
    );
    const event = machine.sh(
      `docker events --since ${since} --until $(date +%s.%N) --filter event=start --filter container=${id} --format '{{.TimeNano}}'`,
    );
    times.push(Number(machine.sh(`stat -c %.9Y ${lease}`)) * 1_000 - Number(event) / 1e6);
    machine.sh(`docker rm -f ${id}`);
  }
  return times;
}

/** Proportional set size, MB, of each daemon. */
function memory(machine: Machine, suite: Suite): string {
  const parts = suite
    .status()
    .daemons.filter(({ pid }) => pid)
    .map(({ name, pid }) => ({
      name,
      mb: Number(machine.sh(`awk '/^Pss:/ { print $2 }' /proc/${pid}/smaps_rollup`)) / 1024,
    }));
  const sum = parts.reduce((total, { mb }) => total + mb, 0);
  return `${sum.toFixed(0)} MB in all: ${parts.map(({ name, mb }) => `${name} ${mb.toFixed(0)}`).join(', ')}`;
}

export default { describe: 'A node with Docker Engine, in namespaces of its own', run } satisfies Bench;
