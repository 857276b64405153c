// One more host beside all the others: until its route is in the kernel, and what that costs, when nothing else changes and when
// one change follows right after the other.
import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { spaceOf } from '../../../../daemons/supervisor/lab/lab-file.ts';
import { enter } from '../../../../daemons/supervisor/lab/spaces.ts';
import type { TestLab } from '../../../cluster/support/lab.ts';
import { until } from '../../../netns/support/namespaces.ts';
import { renderFigures } from '../../figures.ts';
import { type Cost, costsOf, renderSpent } from './daemon-cost.ts';

/** Everything that a change brings about is over by then, looks that follow it too. */
const aloneMs = 2_000;
const idleMs = 20_000;

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
  const measure = async (from: number, restMs: number): Promise<{ times: number[]; before: Cost[]; ms: number }> => {
    const [before, began, times] = [costsOf(lab, 'h1'), performance.now(), [] as number[]];
    for (let at = 0; at < changes; at += 1) {
      times.push(await add(from + at));
      await pause(restMs);
    }
    return { times, before, ms: performance.now() - began };
  };
  try {
    const before = costsOf(lab, 'h1');
    await pause(idleMs);
    const idle = idleOf(before, costsOf(lab, 'h1'));
    const alone = await measure(first, aloneMs);
    console.log(`one host in etcd to its route, nothing else changes ${renderFigures(alone.times, 'ms')}`);
    const spent = renderSpent(usedBy(alone.before, idle, alone.ms), costsOf(lab, 'h1'), changes);
    console.log(`  processor time a change, beyond that of idling: ${spent}`);
    const row = await measure(first + changes, 0);
    console.log(`one host in etcd to its route, one after the other  ${renderFigures(row.times, 'ms')}`);
    console.log(`  processor time a change: ${renderSpent(row.before, costsOf(lab, 'h1'), changes)}`);
  } finally {
    routes.close();
  }
}

/** Seconds of the processor in a millisecond without changes, by daemon. */
function idleOf(before: readonly Cost[], after: readonly Cost[]): ReadonlyMap<string, number> {
  const was = new Map(before.map(({ daemon, cpu }) => [daemon, cpu]));
  return new Map(after.map(({ daemon, cpu }) => [daemon, (cpu - (was.get(daemon) ?? 0)) / idleMs]));
}

/** What would have been used by now if nothing had changed for so long. */
function usedBy(before: readonly Cost[], idle: ReadonlyMap<string, number>, ms: number): Cost[] {
  return before.map((cost) => ({ ...cost, cpu: cost.cpu + (idle.get(cost.daemon) ?? 0) * ms }));
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
