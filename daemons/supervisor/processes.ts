// What processes take of memory and time, as /proc shows it.
import { readFileSync } from 'node:fs';
import { readText, readTextIfPresent } from '../shared/effects/files.ts';
import { readStat } from '../shared/effects/processes.ts';
import type { ProcessId } from './child.ts';
import type { CpuMeter } from './cpu-meter.ts';

export { identify, isRunning, signal } from '../shared/effects/processes.ts';

/** USER_HZ, the unit of times in /proc: 100 on every architecture that Node.js runs on. */
const ticksPerSecond = 100;

export interface ProcessFacts {
  /** Seconds. */
  readonly uptime: number;
  /** Bytes; the proportional share counts shared pages once. */
  readonly rss: number | null;
  readonly pss: number | null;
  /** Time of all its threads since its start, in user mode and in the kernel, seconds. */
  readonly cpuSeconds: number | null;
}

/** Whether the process is Node.js running this file. */
export function runsProgram(pid: number, program: string): boolean {
  try {
    return readText(`/proc/${pid}/cmdline`).split('\0').includes(program);
  } catch {
    return false; // it ended meanwhile
  }
}

export function factsOf(target: ProcessId): ProcessFacts {
  const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  const rollup = readRollup(target.pid);
  return {
    uptime: Math.max(0, Math.round((uptime - target.startTicks / ticksPerSecond) * 10) / 10),
    rss: kilobytes(rollup, 'Rss'),
    pss: kilobytes(rollup, 'Pss'),
    cpuSeconds: cpuSecondsOf(target),
  };
}

/** Has another look at its time if one is due. */
export function measure(meter: CpuMeter, target: ProcessId | undefined): void {
  const now = performance.now();
  if (meter.isDue(target, now)) meter.look(target, target ? cpuSecondsOf(target) : null, now);
}

/** Null if it has ended. */
export function cpuSecondsOf(target: ProcessId): number | null {
  const stat = readStat(target.pid);
  return stat?.startTicks === target.startTicks ? stat.cpuTicks / ticksPerSecond : null;
}

function readRollup(pid: number): string {
  try {
    return readTextIfPresent(`/proc/${pid}/smaps_rollup`) ?? '';
  } catch {
    return ''; // another's process, or one that ends at this moment
  }
}

function kilobytes(rollup: string, field: string): number | null {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(rollup);
  return match ? Number(match[1]) * 1024 : null;
}
