import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { type FileTotals, TapCounter } from './tap-totals.ts';

/** Characters kept of what a file prints: its end, where the reason of a failure is. */
const keptCharacters = 200_000;
const endingSeconds = 10;

export interface FileRun {
  readonly totals: FileTotals;
  readonly output: string;
  readonly seconds: number;
}

const running = new Set<ChildProcess>();

/** Ends every file that runs, for a run that is interrupted. */
export function endAll(): void {
  for (const child of running) signalGroup(child, 'SIGKILL');
}

/** Runs one test file in a process group of its own, reading its TAP. Never rejects. */
export async function runFile(command: readonly string[], seconds: number, env: NodeJS.ProcessEnv): Promise<FileRun> {
  const started = performance.now();
  const counter = new TapCounter();
  let output = '';
  const keep = (text: string): void => {
    output = (output + text).slice(-keptCharacters);
  };
  const [program = '', ...args] = command;
  const child = spawn(program, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    keep(text);
    counter.write(text);
  });
  child.stderr?.setEncoding('utf8').on('data', keep);
  const ending = await awaitEnd(child, seconds);
  running.delete(child);
  return { totals: counter.end(ending), output, seconds: (performance.now() - started) / 1000 };
}

type End = { code: number | null; signal: string | null };

async function awaitEnd(child: ChildProcess, seconds: number) {
  const closed = new Promise<void>((done) => child.once('close', () => done()));
  const exited = new Promise<End>((done) => {
    child.once('exit', (code, signal) => done({ code, signal }));
    child.once('error', (error) => done({ code: 127, signal: error.message }));
  });
  let end = await before(seconds, exited);
  const timedOutAfterS = end ? undefined : seconds;
  if (!end) {
    signalGroup(child, 'SIGTERM'); // the file's own clean-up gets its chance
    end = await before(endingSeconds, exited);
    if (!end) signalGroup(child, 'SIGKILL');
    end ??= await exited;
  }
  const leftProcesses =
    !(await groupIsEmpty(child, timedOutAfterS === undefined ? 3 : 0)) && timedOutAfterS === undefined;
  signalGroup(child, 'SIGKILL');
  // A process that left the group may still hold the pipes.
  await before(2, closed);
  child.stdout?.destroy();
  child.stderr?.destroy();
  return { ...end, timedOutAfterS, leftProcesses };
}

async function before<T>(seconds: number, work: Promise<T>): Promise<T | undefined> {
  const stop = new AbortController();
  const late = wait(seconds * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    stop.abort();
  }
}

async function groupIsEmpty(child: ChildProcess, seconds: number): Promise<boolean> {
  const deadline = performance.now() + seconds * 1000;
  while (signalGroup(child, 0) && hasLiving(child.pid ?? 0)) {
    if (performance.now() >= deadline) return false;
    await wait(20);
  }
  return true;
}

/** Whether somebody in the group still runs: the dead stay listed until init collects them. */
function hasLiving(group: number): boolean {
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(pgrp) === group && state !== 'Z' && state !== 'X';
    } catch {
      return false; // it ended meanwhile
    }
  });
}

/** False when nobody is left in the group. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (child.pid === undefined) return false;
  try {
    return process.kill(-child.pid, signal);
  } catch {
    return false;
  }
}
