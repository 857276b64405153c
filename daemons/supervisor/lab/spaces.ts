// The spaces of a lab: a host, or the switch, is a process 1 with network, mount, process and host-name namespaces of its own.
// Nothing but that process holds them, so whoever kills it has removed the space with all its devices, mounts and processes.
// They are found by their arguments in /proc, not by a file that a crash may leave wrong.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { readTextIfPresent, removeFile } from '../../shared/effects/files.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { labEnvironment } from './environment.ts';
import { furnish, furnishedFile, markOf } from './furnish.ts';
import { parseSpace } from './parse-space.ts';
import type { LabPlan } from './plan-lab.ts';
import { until } from './until.ts';

export interface Space {
  readonly name: string;
  /** Process 1 inside, as seen from outside. */
  readonly init: number;
}

/** Makes a space; its folder may hold `hostname`, `hosts` and `resolv.conf` for its /etc. */
export async function makeSpace(plan: LabPlan, name: string): Promise<Space> {
  const dir = `${plan.dir}/${name}`;
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  removeFile(`${dir}/${furnishedFile}`);
  const logPath = `${dir}/furnish.log`;
  const log = openSync(logPath, 'w');
  const flags = ['--net', '--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const child = spawn(
    'unshare',
    [...flags, '--propagation=private', 'sh', '-ec', furnish, markOf(plan.name), plan.dir, name],
    { detached: true, cwd: '/', stdio: ['ignore', log, log], env: labEnvironment() },
  );
  closeSync(log);
  let failure: unknown;
  child.once('error', (error) => {
    failure = error;
  });
  child.unref();
  await until(20_000, `make the space of ${name}`, () => {
    if (failure || child.exitCode !== null || child.signalCode !== null) {
      const said = readTextIfPresent(logPath)?.trim() ?? '';
      throw new SuiteError('COMMAND_FAILED', `make the space of ${name}: ${failure ?? said.slice(-300)}`, {
        hint: 'The kernel must allow network, mount and process namespaces',
      });
    }
    return readTextIfPresent(`${dir}/${furnishedFile}`) !== undefined;
  });
  const made = findSpaces(plan.name).find((space) => space.name === name);
  if (made) return made;
  throw new SuiteError('NOT_RUNNING', `make the space of ${name}: it ended at once`);
}

/** Spaces of the lab that live, in the order of their process numbers. */
export function findSpaces(lab: string): Space[] {
  return marked(lab).flatMap(({ pid, space, isInit }) => (isInit ? [{ name: space, init: pid }] : []));
}

/** Kills all spaces of the lab and waits until they are gone. How many there were. */
export async function endSpaces(lab: string): Promise<number> {
  const count = findSpaces(lab).length;
  await until(30_000, `end the processes of the lab ${lab}`, () => {
    const left = marked(lab);
    for (const { pid } of left) kill(pid, 'SIGKILL');
    return left.length === 0;
  });
  return count;
}

/** All processes of a space, process 1 left out. */
export function processesIn(space: Space): number[] {
  const namespace = pidNamespace(space.init);
  if (namespace === undefined) return [];
  return allPids().filter((pid) => pid !== space.init && pidNamespace(pid) === namespace);
}

/** Words of a command line that runs something inside. */
export function enter(space: Space, container?: string): string[] {
  const words = ['nsenter', '-t', String(space.init), '-m', '-u', '-i', '-n', '-p', '--wdns=/'];
  return container === undefined ? words : [...words, 'ip', 'netns', 'exec', container];
}

export interface StartOptions {
  readonly env: NodeJS.ProcessEnv;
  /** File that its output is appended to. */
  readonly log: string;
  readonly container?: string;
}

/**
 * Starts a program inside that belongs to nobody outside. The `nsenter` ends at once: one that stayed would stop for ever with a
 * program that is paused.
 */
export function startIn(space: Space, command: readonly string[], { env, log, container }: StartOptions): void {
  const fd = openSync(log, 'a');
  const [program = '', ...words] = [...enter(space, container), 'setsid', '--fork', ...command];
  spawn(program, words, { detached: true, cwd: '/', stdio: ['ignore', fd, fd], env }).unref();
  closeSync(fd);
}

/** The namespace alone, with the machine's own folders and process numbers: for `ip link … netns PID`. */
export function enterNetwork(space: Space): string[] {
  return ['nsenter', '-t', String(space.init), '-n'];
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

interface Marked {
  readonly pid: number;
  readonly space: string;
  readonly isInit: boolean;
}

/** Processes of root that carry the lab's mark: process 1 of each space and the `unshare` that waits for it. */
function marked(lab: string): Marked[] {
  return allPids().flatMap((pid) => {
    const found = parseSpace(readProc(pid, 'cmdline'), markOf(lab));
    if (!found || !isRoots(pid)) return [];
    return [{ pid, ...found }];
  });
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // it ended meanwhile
  }
}

function isRoots(pid: number): boolean {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid === 0;
}

function pidNamespace(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}
