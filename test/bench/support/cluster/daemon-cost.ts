// What the daemons of a lab's host have used so far.
import { readFileSync } from 'node:fs';
import { spaceOf } from '../../../../daemons/supervisor/lab/lab-file.ts';
import { suiteProcesses } from '../../../../daemons/supervisor/lab/suite-processes.ts';
import type { TestLab } from '../../../cluster/support/lab.ts';
import { cpuSeconds } from '../metadata/bed.ts';

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

export function renderCosts(costs: readonly Cost[]): string {
  return costs.map(({ daemon, cpu, pss }) => `${daemon} ${cpu.toFixed(1)} s, ${pss.toFixed(0)} MB`).join('; ');
}

/** Processor time between two looks, ms for each of `count` changes. */
export function renderSpent(before: readonly Cost[], after: readonly Cost[], count: number): string {
  const parts = after.map(({ daemon, cpu }) => {
    const was = before.find((one) => one.daemon === daemon)?.cpu ?? 0;
    return `${daemon} ${(((cpu - was) * 1_000) / count).toFixed(1)} ms`;
  });
  return parts.join(', ');
}
