// Processes as /proc shows them: which one it is, whether it still is, and how it is ended.
import { existsSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { SuiteError } from '../model/errors.ts';
import { readText } from './files.ts';

/** A process, told apart from a later one with the same pid by its start (clock ticks since boot). */
export interface ProcessId {
  readonly pid: number;
  readonly startTicks: number;
}

export interface ProcessStat {
  /** A letter: `Z` and `X` are dead. */
  readonly state: string;
  readonly startTicks: number;
  /** Of all its threads, in user mode and in the kernel. */
  readonly cpuTicks: number;
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

/** Fields 3, 14, 15 and 22 of proc(5)'s stat; the second field, the name, may hold anything, so the rest is counted from its end. */
export function readStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readText(`/proc/${pid}/stat`);
  } catch {
    return undefined; // gone, also when it goes between open and read (ESRCH)
  }
  const rest = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: rest[0] ?? 'X', startTicks: Number(rest[19]), cpuTicks: Number(rest[11]) + Number(rest[12]) };
}

/** The descriptor through which a program that we start holds the lock by which it is found again. */
export const lockDescriptor = 3;
const lookMs = 20;

/** The living process that was started with the lock as its `lockDescriptor`; undefined if there is none. */
export function findLockHolder(lock: string): ProcessId | undefined {
  if (!existsSync(lock)) return undefined;
  const path = realpathSync(lock);
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || !holds(name, path)) continue;
    const found = identify(Number(name));
    // Until it runs its own program a child is a copy of the one that starts it.
    if (found && found.pid !== process.pid) return found;
  }
  return undefined;
}

function holds(pid: string, path: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/fd/${lockDescriptor}`) === path;
  } catch {
    return false; // it has no such descriptor, or ended meanwhile
  }
}

/** SIGTERM, and SIGKILL if that does nothing for `patienceMs`. @throws SuiteError DEADLINE after twice that time */
export async function endProcess(target: ProcessId, patienceMs: number): Promise<void> {
  signal(target, 'SIGTERM');
  const began = performance.now();
  while (isRunning(target)) {
    const waited = performance.now() - began;
    if (waited > patienceMs) signal(target, 'SIGKILL');
    if (waited > patienceMs * 2) throw new SuiteError('DEADLINE', `end process ${target.pid}`);
    await sleep(lookMs);
  }
}
