// A real dockerd for tests, in a network and a mount namespace of its own, with everything that it writes below one
// directory. Nothing of the machine's own Docker is read or touched, and nothing is left behind.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeNamespace, type Namespace, type TestScope, until } from '../../netns/support/namespaces.ts';
import { importBusybox } from './busybox.ts';
import { removeCgroups, stopAllBelow, unmountBelow } from './clean-up.ts';

const run = promisify(execFile);

export interface DockerOptions {
  /** Where dockerd lives; default: a new namespace. */
  readonly netns?: Namespace;
  /** An existing directory with a short path (a unix socket comes to lie in it); emptied of what dockerd made at the end. */
  readonly dir: string;
  /** More arguments for dockerd, such as `--live-restore`. */
  readonly args?: readonly string[];
}

export interface TestDocker {
  readonly netns: Namespace;
  readonly socket: string;
  /** Name of the busybox image; every applet is in its /bin. */
  readonly image: 'busybox';
  /** Runs the docker command against this daemon and returns its trimmed output; throws with stderr. */
  docker(...args: string[]): Promise<string>;
  /** Kills dockerd (SIGKILL), leaving containerd and the containers alone. */
  kill(): Promise<void>;
  /** Starts dockerd again and waits until it answers. */
  start(): Promise<void>;
}

/** Starts dockerd and imports busybox. Everything is removed at the end of the test. */
export async function startDocker(t: TestScope, options: DockerOptions): Promise<TestDocker> {
  const netns = options.netns ?? makeNamespace(t, 'dk');
  const home = join(options.dir, 'd');
  const socket = join(home, 's');
  const cgroup = `/co-docker-${netns.name}`;
  let process: ChildProcess | undefined;
  mkdirSync(home, { recursive: true });

  const docker = async (...args: string[]): Promise<string> => {
    const made = await run('docker', ['-H', `unix://${socket}`, ...args], { timeout: 60_000, encoding: 'utf8' });
    return made.stdout.trim();
  };
  const kill = async (): Promise<void> => {
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const gone = new Promise((resolve) => process?.once('exit', resolve));
    process.kill('SIGKILL');
    await gone;
  };
  const start = async (): Promise<void> => {
    rmSync(join(home, 'pid'), { force: true });
    process = spawnDockerd(netns, home, [`--cgroup-parent=${cgroup}`, ...(options.args ?? [])]);
    await until(30_000, `dockerd answers; its log: ${join(home, 'log')}`, () => answers(docker, process, home));
  };
  t.teardown(async () => {
    await docker('ps', '-aq')
      .then((ids) => (ids === '' ? '' : docker('rm', '-f', ...ids.split('\n'))))
      .catch(() => undefined);
    await kill();
    await stopAllBelow(home, cgroup);
    unmountBelow(home);
    removeCgroups(cgroup);
    rmSync(home, { recursive: true, force: true });
  });
  await start();
  await importBusybox(docker, home);
  return { netns, socket, image: 'busybox', docker, kill, start };
}

/** The shell hides the machine's containerd, which dockerd would use instead of one of its own. */
function spawnDockerd(netns: Namespace, home: string, args: readonly string[]): ChildProcess {
  const script = 'test ! -d /run/containerd || mount -t tmpfs tmpfs /run/containerd; exec "$0" "$@"';
  const dirs = ['--data-root', join(home, 'data'), '--exec-root', join(home, 'x'), '--pidfile', join(home, 'pid')];
  const log = openSync(join(home, 'log'), 'a');
  const all = [...dirs, '-H', `unix://${join(home, 's')}`, '--storage-driver', 'overlay2', ...args];
  const child = spawn('ip', ['netns', 'exec', netns.name, 'sh', '-c', script, 'dockerd', ...all], {
    stdio: ['ignore', log, log],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  closeSync(log);
  return child;
}

async function answers(docker: TestDocker['docker'], child: ChildProcess | undefined, home: string): Promise<boolean> {
  if (child?.exitCode !== null)
    throw new Error(`dockerd ended:\n${readFileSync(join(home, 'log'), 'utf8').slice(-4000)}`);
  if (!existsSync(join(home, 's'))) return false;
  return docker('version', '--format', '{{.Server.Version}}').then(
    () => true,
    () => false,
  );
}
