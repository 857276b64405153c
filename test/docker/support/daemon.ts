// One daemon of Corral inside a test machine, started without the supervisor so that a test can kill it for good.
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestScope, until } from '../../netns/support/namespaces.ts';
import type { Machine } from './machine.ts';
import { repository } from './suite.ts';

export interface TestDaemon {
  readonly name: string;
  /** What it has logged so far. */
  log(): string;
  /** Its answer to a request on its socket, parsed. */
  ask<T>(path: string, body?: unknown): T;
  kill(): Promise<void>;
  /** Starts it (again) and waits until it is ready or degraded. */
  start(): Promise<void>;
}

export async function startDaemon(t: TestScope, machine: Machine, name: string): Promise<TestDaemon> {
  const dir = mkdtempSync(join(tmpdir(), 'daemon-'));
  const file = join(dir, 'log');
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  let child: ChildProcess | undefined;
  let pid = '';
  const ask = <T>(path: string, body?: unknown): T => {
    const data = body === undefined ? [] : ['-d', JSON.stringify(body)];
    const socket = `/run/corral/${name}.sock`;
    return JSON.parse(
      machine.run('curl', ['-s', '--max-time', '10', '--unix-socket', socket, ...data, `http://x${path}`]),
    );
  };
  const start = async (): Promise<void> => {
    const fd = openSync(file, 'a');
    const script = 'echo "pid $$"; exec "$0" "$@"';
    child = machine.start('sh', ['-c', script, process.execPath, `${repository}/daemons/${name}/main.ts`], {
      logFd: fd,
    });
    closeSync(fd);
    await until(15_000, `${name} is ready`, () => {
      if (child?.exitCode !== null) throw new Error(`${name} ended:\n${readFileSync(file, 'utf8')}`);
      return isReady(ask);
    });
    pid = [...readFileSync(file, 'utf8').matchAll(/^pid (\d+)$/gm)].at(-1)?.[1] ?? '';
  };
  const kill = async (): Promise<void> => {
    machine.run('kill', ['-9', pid]);
    await until(5_000, `${name} is dead`, () => child?.exitCode !== null || child.signalCode !== null);
  };
  await start();
  return { name, log: () => readFileSync(file, 'utf8'), ask, kill, start };
}

function isReady(ask: TestDaemon['ask']): boolean {
  try {
    return ask<{ state: string }>('/readyz').state !== 'unready';
  } catch {
    return false;
  }
}
