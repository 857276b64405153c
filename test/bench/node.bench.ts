// One node: how long it takes to be ready, and what it costs idle, from the sources and from a release; then, with a real Docker
// Engine, how long a container waits for its address.
import { type Machine, makeMachine, startEngine } from '../docker/support/machine.ts';
import { corral, type Suite, startSuite } from '../docker/support/suite.ts';
import { until } from '../netns/support/namespaces.ts';
import { packDirectory } from '../netns/support/release.ts';
import { renderFigures } from './figures.ts';
import type { Bench } from './main.ts';
import { type DaemonCost, suiteCost } from './support/suite-cost.ts';

const starts = 5;
const idleSeconds = 60;
const containers = 30;

async function run(): Promise<void> {
  const undo: (() => void | Promise<void>)[] = [];
  const scope = { teardown: (work: () => void | Promise<void>) => void undo.unshift(work) };
  try {
    const release = `${packDirectory(scope)}/bin/corral`;
    for (const [layout, command] of [
      ['sources', corral],
      ['release', release],
    ] as const) {
      const cost = await suiteCost(scope, command, { starts, idleSeconds });
      console.log(`${layout}: corral up to all ready     ${renderFigures(cost.starts, 's', 2)}`);
      console.log(`${layout}: memory idle                ${renderShares(cost.daemons, 'pss', 'MB', 0)}`);
      console.log(`${layout}: processor idle, of a core  ${renderShares(cost.daemons, 'cpu', '%', 2)}`);
      for (const work of undo.splice(0, undo.length - 1)) await work(); // the release stays
    }
    const machine = await makeMachine(scope);
    await startEngine(machine);
    const suite = await startSuite(machine);
    console.log(`start event to address    ${renderFigures(await attachTimes(machine), 'ms')}`);
    console.log(`resident memory           ${memory(machine, suite)}`);
  } finally {
    for (const work of undo) await work();
  }
}

function renderShares(daemons: readonly DaemonCost[], key: 'pss' | 'cpu', unit: string, digits: number): string {
  const sum = daemons.reduce((total, daemon) => total + daemon[key], 0);
  const parts = daemons.map((daemon) => `${daemon.name} ${daemon[key].toFixed(digits)}`);
  return `${sum.toFixed(digits)} ${unit} in all: ${parts.join(', ')}`;
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

export default { describe: 'A node in namespaces of its own, idle, then with Docker Engine', run } satisfies Bench;
