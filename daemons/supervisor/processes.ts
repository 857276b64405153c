// Processes as /proc shows them: which one it is, whether it still is, and what it takes of memory and time.
import { readFileSync } from 'node:fs';
import { readText, readTextIfPresent } from '../shared/effects/files.ts';
import type { ProcessId } from './child.ts';
import type { CpuMeter } from './cpu-meter.ts';

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

/** The running process with this pid; undefined if there is none or it is dead and only not yet buried. */
export function identify(pid: number): ProcessId | undefined {
  const stat = readStat(pid);
  return stat && stat.state !== 'Z' && stat.state !== 'X' ? { pid, startTicks: stat.startTicks } : undefined;
}

export function isRunning(process: ProcessId): boolean {
  return identify(process.pid)?.startTicks === process.startTicks;
}

/** Sends the signal unless the process has ended meanwhile, so that a later owner of the pid is never hit. */
export function signal(target: ProcessId, name: NodeJS.Signals): void {
  if (!isRunning(target)) return;
  try {
    process.kill(target.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
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

/** Fields 3, 14, 15 and 22 of proc(5)'s stat; the second field, the name, may hold anything, so the rest is counted from its end. */
function readStat(pid: number): { state: string; startTicks: number; cpuTicks: number } | undefined {
  let text: string;
  try {
    text = readText(`/proc/${pid}/stat`);
  } catch {
    return undefined; // gone, also when it goes between open and read (ESRCH)
  }
  const rest = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: rest[0] ?? 'X', startTicks: Number(rest[19]), cpuTicks: Number(rest[11]) + Number(rest[12]) };
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
