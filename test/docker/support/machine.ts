// A whole machine for a test: network, mount and process namespaces of its own, so that Corral runs below the usual paths
// (/run, /etc, /var) with a real Docker Engine, nothing of it touches the machine that runs the tests, and all of it, containers
// included, ends with the first process.
//
//   internet 203.0.113.1 ── router 198.51.100.1 (DNS) ── uplink ── machine 198.51.100.10
//                                      └── neighbour: the router itself, on the machine's LAN
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, exec, makeNamespace, type Namespace, type TestScope, until } from '../../netns/support/namespaces.ts';

export const machineAddress = '198.51.100.10';
export const routerAddress = '198.51.100.1';

export interface Machine {
  /** Its process 1, as seen from outside: its files are below `/proc/<pid>/root`. */
  readonly pid: number;
  readonly netns: Namespace;
  /** The LAN's router: a neighbour of the machine, and its resolver when a test starts one there. */
  readonly router: Namespace;
  /** An empty folder outside, for logs and the like; goes with the machine. Inside, something else lies there. */
  readonly scratch: string;
  /** Runs a command to its end inside the machine; throws with its output when it fails. */
  run(command: string, args?: readonly string[], options?: RunOptions): string;
  /** Runs a line of shell inside the machine. */
  sh(line: string, options?: RunOptions): string;
  /** Starts a command inside the machine; ended with the test. */
  start(command: string, args?: readonly string[], options?: StartOptions): ChildProcess;
}

export interface RunOptions {
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface StartOptions extends RunOptions {
  /** File (outside the machine's private folders, such as a temporary one) that takes its output. */
  readonly logFd?: number;
}

/** The machine's folders: copies on write of ours, a fresh /run, and the cgroups that Docker needs. */
const furnish = `set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/cgroup"
mount --rbind /sys/fs/cgroup "$1/cgroup"
mount -t sysfs sysfs /sys
mount --rbind "$1/cgroup" /sys/fs/cgroup
for name in etc var opt; do
  mkdir "$1/$name" "$1/$name.work"
  mount -t overlay -o "lowerdir=/$name,upperdir=$1/$name,workdir=$1/$name.work" overlay "/$name"
done
mount -t tmpfs tmpfs /run
mkdir -p /var/lib/docker
mount -t tmpfs tmpfs /var/lib/docker
rm -rf /etc/corral /etc/cni /var/lib/corral /var/log/corral /var/cache/corral
ip link set lo up
echo furnished
exec sleep 100000`;

/** Makes the machine; all of it goes with the test. */
export async function makeMachine(t: TestScope): Promise<Machine> {
  const netns = makeNamespace(t, 'host');
  const router = makeNamespace(t, 'lan');
  connect(
    { ns: netns, device: 'uplink', address: `${machineAddress}/24` },
    { ns: router, device: 'lan', address: `${routerAddress}/24` },
  );
  exec(netns, 'ip', ['route', 'add', 'default', 'via', routerAddress]);
  exec(router, 'ip', ['address', 'add', '203.0.113.1/32', 'dev', 'lo']);
  const scratch = mkdtempSync(join(tmpdir(), 'machine-'));
  const holder = spawn(
    'nsenter',
    [
      `--net=${netns.path}`,
      'unshare',
      '--mount',
      '--propagation=private',
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
      'sh',
      '-c',
      furnish,
      'furnish',
      scratch,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  t.teardown(async () => {
    holder.kill('SIGKILL');
    await until(20_000, 'the machine is empty', () => isEmpty(netns));
    rmSync(scratch, { recursive: true, force: true });
  });
  let said = '';
  holder.stdout.on('data', (chunk) => {
    said += chunk;
  });
  await until(10_000, 'the machine is furnished', () => said.includes('furnished') || holder.exitCode !== null);
  if (holder.exitCode !== null) throw new Error(`the machine could not be furnished: exit ${holder.exitCode}`);
  const machine = machineOf(t, { netns, router, scratch, pid: firstChild(holder.pid!) });
  machine.sh(`printf 'nameserver ${routerAddress}\\n' > /etc/resolv.conf`);
  return machine;
}

type Place = Pick<Machine, 'pid' | 'netns' | 'router' | 'scratch'>;

function machineOf(t: TestScope, place: Place): Machine {
  const { pid } = place;
  const enter = ['-t', String(pid), '-m', '-n', '-p'];
  const environment = (options: RunOptions): NodeJS.ProcessEnv => ({ ...process.env, LC_ALL: 'C', ...options.env });
  const wd = (options: RunOptions): string[] => [`--wdns=${options.cwd ?? '/'}`];
  return {
    ...place,
    run: (command, args = [], options = {}) =>
      execFileSync('nsenter', [...enter, ...wd(options), command, ...args], {
        encoding: 'utf8',
        timeout: options.timeoutMs ?? 30_000,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: environment(options),
      }),
    sh(line, options = {}) {
      return this.run('sh', ['-ec', line], options);
    },
    start(command, args = [], options = {}) {
      const out = options.logFd ?? 'ignore';
      const child = spawn('nsenter', [...enter, ...wd(options), command, ...args], {
        stdio: ['ignore', out, out],
        env: environment(options),
      });
      t.teardown(() => void (child.exitCode === null && child.kill('SIGTERM')));
      return child;
    },
  };
}

/** The machine's process 1, as seen from here. */
function firstChild(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
}

function isEmpty(netns: Namespace): boolean {
  return execFileSync('ip', ['netns', 'pids', netns.name], { encoding: 'utf8' }).trim() === '';
}

/** Starts Docker Engine inside the machine and gives it the image `busybox`. */
export async function startEngine(machine: Machine): Promise<void> {
  machine.start('sh', ['-c', 'exec dockerd --pidfile /run/dockerd.pid >/run/dockerd.log 2>&1']);
  await until(30_000, 'Docker Engine answers', () => succeeds(() => machine.sh('docker version >/dev/null 2>&1')));
  machine.sh(
    `mkdir -p /run/image/bin && cp /bin/busybox /run/image/bin/busybox
     for name in sh ip timeout wget nslookup sleep ping cat hostname nc ls; do ln -sf busybox /run/image/bin/$name; done
     mkdir -p /run/image/etc /run/image/tmp && tar -C /run/image -c . | docker import - busybox >/dev/null`,
  );
}

export function succeeds(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

/** Writes a file inside the machine. */
export function writeIn(machine: Machine, path: string, text: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'file-'));
  try {
    writeFileSync(join(folder, 'text'), text);
    machine.run('cp', [join(folder, 'text'), path]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
