// An etcd of the test's own: on a random address of the loopback range, or in a namespace; its data lie in a temporary directory.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Namespace, type TestScope, until } from '../netns/support/namespaces.ts';

export interface Etcd {
  readonly endpoint: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** A signal such as SIGSTOP. */
  signal(signal: NodeJS.Signals): void;
  /** Stopped, and without any data when it starts again. */
  wipe(): Promise<void>;
  /** Runs etcdctl; returns its output. */
  ctl(...args: string[]): string;
}

export interface EtcdWish {
  readonly ns?: Namespace;
  readonly address?: string;
  readonly port?: number;
  /** Further flags, such as those for TLS. */
  readonly flags?: readonly string[];
  readonly scheme?: 'http' | 'https';
  readonly ctlFlags?: readonly string[];
}

export function hasEtcd(): boolean {
  try {
    execFileSync('etcd', ['--version'], { stdio: 'ignore' });
    execFileSync('etcdctl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Runs until the test ends. */
export async function startEtcd(t: TestScope, wish: EtcdWish = {}): Promise<Etcd> {
  const { ns, scheme = 'http', flags = [], ctlFlags = [] } = wish;
  const address = wish.address ?? `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(2, 255)}`;
  const port = wish.port ?? 2379;
  const home = mkdtempSync(join(tmpdir(), 'co-etcd-'));
  const endpoint = `${scheme}://${address}:${port}`;
  const peer = `http://${address}:${port + 1}`;
  const within = ns ? ['ip', 'netns', 'exec', ns.name] : [];
  let child: ChildProcess | undefined;
  const ctl = (...args: string[]): string => {
    const [command, ...rest] = [...within, 'etcdctl', `--endpoints=${endpoint}`, ...ctlFlags, ...args];
    return execFileSync(command!, rest, {
      encoding: 'utf8',
      timeout: 10_000,
      env: { PATH: process.env.PATH, ETCDCTL_API: '3' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  };
  const answers = (): boolean => {
    try {
      ctl('get', 'anything');
      return true;
    } catch {
      return false;
    }
  };
  const start = async (): Promise<void> => {
    const client = ['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint];
    const peers = [
      '--listen-peer-urls',
      peer,
      '--initial-advertise-peer-urls',
      peer,
      '--initial-cluster',
      `default=${peer}`,
    ];
    const [command, ...rest] = [...within, 'etcd', '--data-dir', join(home, 'data'), ...client, ...peers, ...flags];
    child = spawn(command!, rest, { stdio: 'ignore' });
    await until(30_000, `etcd at ${endpoint}`, answers);
  };
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    if (signal !== 'SIGKILL') child.kill('SIGCONT');
    await gone;
  };
  t.teardown(async () => {
    await kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  });
  await start();
  return {
    endpoint,
    start,
    stop: () => kill('SIGTERM'),
    signal: (signal) => void child?.kill(signal),
    wipe: async () => {
      await kill('SIGKILL');
      rmSync(join(home, 'data'), { recursive: true, force: true });
    },
    ctl,
  };
}
