// A real systemd as the first process of namespaces of its own, on a copy on write of this machine's files, with none of this
// machine's services: what is enabled here is not there.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestScope, until } from './namespaces.ts';

export interface SystemdHost {
  /** Its process 1, as seen from outside. */
  readonly pid: number;
  /** Runs a line of shell inside; throws with its output when it fails. */
  sh(line: string, timeoutMs?: number): string;
}

/** Services that would reach for the kernel that all share; `/dev/null` in their place is what systemd calls masked. */
const masked = [
  'systemd-sysctl.service',
  'systemd-modules-load.service',
  'systemd-binfmt.service',
  'proc-sys-fs-binfmt_misc.automount',
  'systemd-udevd.service',
  'systemd-udev-trigger.service',
  'systemd-random-seed.service',
  'systemd-remount-fs.service',
  'systemd-timesyncd.service',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'dev-hugepages.mount',
  'console-getty.service',
];

const boot = `set -e
dir=$1; shift
mount --make-rprivate /
mount -t tmpfs tmpfs "$dir"
mkdir "$dir/root" "$dir/up" "$dir/work"
mount -t overlay -o "lowerdir=/,upperdir=$dir/up,workdir=$dir/work" overlay "$dir/root"
root=$dir/root
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
mkdir "$root/sys/fs/cgroup/systemd"
mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
mount --rbind /dev "$root/dev"
rm -rf "$root/etc/corral" "$root/etc/cni" "$root/opt" "$root/var/lib/corral" "$root/var/log/corral" "$root/var/log/journal" "$root/var/cache/corral"
mkdir "$root/opt"
find "$root/etc/systemd/system" -mindepth 1 -delete
for unit in "$@"; do ln -s /dev/null "$root/etc/systemd/system/$unit"; done
ln -s /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
: >"$root/etc/machine-id"
: >"$root/etc/fstab"
ip link set lo up
ip link add uplink type veth peer name neighbour
ip address add 192.0.2.10/24 dev uplink
ip link set uplink up
ip link set neighbour up
ip route add default via 192.0.2.1
cd "$root"
mkdir .outside
pivot_root . .outside
umount -l .outside
# As on a machine: mounts made later reach the services.
mount --make-rshared /
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --log-target=null --show-status=no`;

export async function bootSystemd(t: TestScope): Promise<SystemdHost> {
  const dir = mkdtempSync(join(tmpdir(), 'co-sd-'));
  const flags = ['--pid', '--mount', '--net', '--uts', '--ipc', '--cgroup', '--fork', '--kill-child'];
  const holder = spawn('unshare', [...flags, 'sh', '-c', boot, 'boot', dir, ...masked], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  holder.stderr.on('data', (chunk) => (said += chunk));
  t.teardown(async () => {
    holder.kill('SIGKILL'); // its child goes with it, and all of its namespaces' processes with that
    await until(20_000, 'systemd is gone', () => holder.exitCode !== null || holder.signalCode !== null);
    rmSync(dir, { recursive: true, force: true });
  });
  const child = (): string =>
    readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim().split(' ')[0] ?? '';
  const pid = Number(await until(20_000, `a first process: ${said}`, child));
  const host: SystemdHost = {
    pid,
    sh: (line, timeoutMs = 60_000) =>
      execFileSync('nsenter', ['-t', String(pid), '-m', '-n', '-p', '-u', '-i', '-C', '--wdns=/', 'sh', '-ec', line], {
        encoding: 'utf8',
        timeout: timeoutMs,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      }),
  };
  await until(60_000, `systemd is up: ${said}`, () => {
    if (holder.exitCode !== null) throw new Error(`systemd ended: ${said}`);
    try {
      return ['running', 'degraded'].includes(host.sh('systemctl is-system-running || true').trim());
    } catch {
      return false; // not there yet
    }
  });
  return host;
}
