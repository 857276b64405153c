// What the daemons of a lab's host have used so far.
import { readdirSync, readFileSync } from 'node:fs';
import { spaceOf } from '../../../../daemons/supervisor/lab/lab-file.ts';
import { suiteProcesses } from '../../../../daemons/supervisor/lab/suite-processes.ts';
import type { TestLab } from '../../../cluster/support/lab.ts';

export interface Cost {
  readonly daemon: string;
  /** Processor time since its start, seconds. */
  readonly cpu: number;
  /** Proportional set size, MB. */
  readonly pss: number;
}

export function costsOf(lab: TestLab, host: string): Cost[] {
  return suiteProcesses(spaceOf(lab.lab, host)).flatMap(({ daemon, pid }) => {
    try {
      const pss = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
      return [{ daemon, cpu: cpuSeconds(pid), pss: Number(pss) / 1024 }];
    } catch {
      return []; // a child that is about to become another program
    }
  });
}

/** To the nanosecond: a change costs less than the ticks of /proc/PID/stat. What threads used that are no more is not in it. */
function cpuSeconds(pid: number): number {
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((task) =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e9;
}

/** Processor time of each daemon between two looks, ms. */
export function spentBetween(before: readonly Cost[], after: readonly Cost[]): ReadonlyMap<string, number> {
  const was = new Map(before.map(({ daemon, cpu }) => [daemon, cpu]));
  const known = after.filter(({ daemon }) => was.has(daemon));
  return new Map(known.map(({ daemon, cpu }) => [daemon, (cpu - was.get(daemon)!) * 1_000]));
}

export function renderCosts(costs: readonly Cost[]): string {
  return costs.map(({ daemon, cpu, pss }) => `${daemon} ${cpu.toFixed(1)} s, ${pss.toFixed(0)} MB`).join('; ');
}

/** Processor time between two looks, ms for each of `count` changes. */
export function renderSpent(before: readonly Cost[], after: readonly Cost[], count: number): string {
  const parts = [...spentBetween(before, after)].map(([daemon, ms]) => `${daemon} ${(ms / count).toFixed(1)} ms`);
  return parts.join(', ');
}
