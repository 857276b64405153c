// Network namespaces for tests: unique names, removed when the test ends, whatever its outcome.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { patience } from '../../../daemons/shared/effects/patience.ts';

/** The part of a tap test that the helpers need. */
export interface TestScope {
  teardown(work: () => void | Promise<void>): void;
}

export interface Namespace {
  /** Name as `ip netns` knows it. */
  readonly name: string;
  /** Path to open it by. */
  readonly path: string;
}

/** Give to `t.test`, or check at the top of a file: `if (!isRoot) t.plan(0, 'needs root')`. */
export const isRoot: boolean = process.getuid?.() === 0;

/** A name that no other test uses, at most 15 characters so that it can name a device as well. */
export function uniqueName(prefix: string): string {
  return `${prefix}${randomBytes(5).toString('hex')}`.slice(0, 15);
}

/** Makes an empty namespace with `lo` up; it is deleted at the end of the test. */
export function makeNamespace(t: TestScope, prefix: string): Namespace {
  const name = `co-${prefix}-${process.pid}-${randomBytes(4).toString('hex')}`;
  run('ip', ['netns', 'add', name]);
  t.teardown(() => {
    try {
      run('ip', ['netns', 'del', name]);
    } catch {
      // The test may have deleted it itself.
    }
  });
  const made = { name, path: `/run/netns/${name}` };
  exec(made, 'ip', ['link', 'set', 'lo', 'up']);
  return made;
}

/** Runs a command inside a namespace and returns its output; throws with stderr when it fails. */
export function exec(ns: Namespace, command: string, args: readonly string[], input?: string): string {
  return run('ip', ['netns', 'exec', ns.name, command, ...args], input);
}

/** Runs `ip -j` (or another iproute2 tool that speaks JSON) inside a namespace and parses the answer. */
export function execJson<T>(ns: Namespace, tool: 'ip' | 'bridge', args: readonly string[]): T[] {
  const flags = tool === 'ip' ? ['-d', '-j'] : ['-j', '-d'];
  return JSON.parse(exec(ns, tool, [...flags, ...args]) || '[]') as T[];
}

/** Joins two namespaces by a veth pair; both ends are up, with addresses (`10.9.0.1/24`) if given. */
export function connect(a: End, b: End): void {
  const [first, second] = [uniqueName('v'), uniqueName('v')];
  run('ip', ['link', 'add', first, 'type', 'veth', 'peer', 'name', second]);
  for (const [end, device] of [
    [a, first],
    [b, second],
  ] as const) {
    run('ip', ['link', 'set', device, 'netns', end.ns.name, 'name', end.device]);
    if (end.address) exec(end.ns, 'ip', ['addr', 'add', end.address, 'dev', end.device]);
    exec(end.ns, 'ip', ['link', 'set', end.device, 'up']);
  }
}

export interface End {
  readonly ns: Namespace;
  readonly device: string;
  readonly address?: string;
}

/** Polls until `fn` returns something truthy and returns it; throws when `deadlineMs` have passed. */
export async function until<T>(deadlineMs: number, what: string, fn: () => T | Promise<T>): Promise<NonNullable<T>> {
  const deadline = performance.now() + deadlineMs * patience;
  for (;;) {
    const value = await fn();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`after ${deadlineMs * patience} ms still not: ${what}`);
    await sleep(10 * patience); // a slow machine has better things to do than to be asked
  }
}

function run(command: string, args: readonly string[], input = ''): string {
  return execFileSync(command, args, {
    encoding: 'utf8',
    input,
    timeout: 20_000 * patience,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  });
}
