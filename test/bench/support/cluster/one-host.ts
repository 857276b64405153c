// One more host beside all the others: until its route is in the kernel, and what that costs, when nothing else changes and when
// one change follows right after the other.
import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { spaceOf } from '../../../../daemons/supervisor/lab/lab-file.ts';
import { enter } from '../../../../daemons/supervisor/lab/spaces.ts';
import type { TestLab } from '../../../cluster/support/lab.ts';
import { until } from '../../../netns/support/namespaces.ts';
import { median, renderFigures } from '../../figures.ts';
import { costsOf, renderSpent, spentBetween } from './daemon-cost.ts';

/**
 * Everything that a change brings about is over by then, looks that follow it too. The daemons' regular looks do not come in a
 * multiple of it, so that they fall into times with a change and without alike.
 */
const aloneMs = 1_700;

/** Enters the host of that number into the store. Resolves with the time at which that began, ms since the epoch. */
export type EnterHost = (number: number) => Promise<number>;

export async function measureHosts(
  lab: TestLab,
  enterHost: EnterHost,
  { first, changes }: { first: number; changes: number },
): Promise<void> {
  const routes = watchRoutes(lab);
  const add = async (number: number): Promise<number> => {
    const began = await enterHost(number);
    return (await routes.arrival(`10.${100 + (number >> 8)}.${number & 255}.0/24`)) - began;
  };
  try {
    const alone = await measureAlone(lab, changes, (at) => add(first + at));
    console.log(`one host in etcd to its route, nothing else changes ${renderFigures(alone.times, 'ms')}`);
    for (const [daemon, spent] of alone.spent) {
      console.log(`  processor time a change, beyond that of idling: ${daemon} ${renderFigures(spent, 'ms', 1)}`);
    }
    const [before, times] = [costsOf(lab, 'h1'), [] as number[]];
    for (let at = 0; at < changes; at += 1) times.push(await add(first + changes + at));
    console.log(`one host in etcd to its route, one after the other  ${renderFigures(times, 'ms')}`);
    console.log(`  processor time a change: ${renderSpent(before, costsOf(lab, 'h1'), changes)}`);
  } finally {
    routes.close();
  }
}

/**
 * Times with a change and times without take turns, equally long: what daemons do regularly falls into either, and the median of
 * the idle ones is what a change is compared with.
 */
async function measureAlone(
  lab: TestLab,
  changes: number,
  change: (at: number) => Promise<number>,
): Promise<{ times: number[]; spent: ReadonlyMap<string, number[]> }> {
  const times: number[] = [];
  const [idle, busy] = [new Map<string, number[]>(), new Map<string, number[]>()];
  const spend = async (into: Map<string, number[]>, work: () => Promise<void>): Promise<void> => {
    const [before, began] = [costsOf(lab, 'h1'), performance.now()];
    await work();
    await pause(began + aloneMs - performance.now());
    for (const [daemon, ms] of spentBetween(before, costsOf(lab, 'h1'))) {
      into.set(daemon, [...(into.get(daemon) ?? []), ms]);
    }
  };
  for (let at = 0; at < changes; at += 1) {
    await spend(idle, async () => undefined);
    await spend(busy, async () => void times.push(await change(at)));
  }
  const beyond = [...busy].map(([daemon, spent]): [string, number[]] => {
    const usual = median(idle.get(daemon) ?? []);
    return [daemon, spent.map((ms) => ms - usual)];
  });
  return { times, spent: new Map(beyond) };
}

/** The kernel's own news tell when a route came. */
function watchRoutes(lab: TestLab): { arrival(cidr: string): Promise<number>; close(): void } {
  const arrivals = new Map<string, number>();
  const [program = '', ...words] = [...enter(spaceOf(lab.lab, 'h1')), 'ip', '-o', 'monitor', 'route'];
  const monitor = spawn(program, words, { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  monitor.stdout.on('data', (chunk) => {
    const at = performance.timeOrigin + performance.now();
    text += chunk;
    for (const [, cidr] of text.matchAll(/(?:^|\n)(10\.\d+\.\d+\.0\/24) via /g)) {
      if (!arrivals.has(cidr!)) arrivals.set(cidr!, at);
    }
  });
  return {
    arrival: (cidr) => until(30_000, `the route to ${cidr}`, () => arrivals.get(cidr)),
    close: () => void monitor.kill(),
  };
}
