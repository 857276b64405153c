// From a bare Debian 12 to a first namespace and back, by what the guide says. By hand, since it fetches packages:
//   debootstrap --variant=minbase bookworm /var/tmp/bookworm
//   BARE_DEBIAN=/var/tmp/bookworm .runtime/bin/node test/netns/supervisor/bare-debian.test.ts
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { isRoot, makeNamespace, until } from '../support/namespaces.ts';
import { networkState } from '../support/network-state.ts';
import { packDirectory } from '../support/release.ts';

const bare = process.env.BARE_DEBIAN ?? '';
if (!isRoot || bare === '') {
  t.plan(0, 'by hand: BARE_DEBIAN names the directory of a bare Debian 12');
  process.exit(0);
}

t.setTimeout(600_000);

/** A copy on write of the bare root, in a namespace of mounts that its holder keeps; packages come over the machine's network. */
const furnish = `set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/up" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=$2,upperdir=$1/up,workdir=$1/work" overlay "$1/root"
root=$1/root
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount --rbind /dev "$root/dev"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp -a "$3" "$root/root/corral"
cd "$root"
mkdir .outside
pivot_root . .outside
umount -l .outside
rmdir .outside
echo furnished
exec sleep 100000`;

t.test('one command, a first namespace, and nothing left', async (t) => {
  const release = packDirectory(t);
  const netns = makeNamespace(t, 'bare');
  const dir = mkdtempSync(join(tmpdir(), 'co-bare-'));
  const holder = spawn('unshare', ['--mount', 'sh', '-c', furnish, 'furnish', dir, bare, release], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(async () => {
    holder.kill('SIGKILL');
    await until(10_000, 'it has ended', () => holder.signalCode !== null || holder.exitCode !== null);
    rmSync(dir, { recursive: true, force: true });
  });
  let said = '';
  holder.stdout.on('data', (chunk) => (said += chunk));
  await until(60_000, 'it is furnished', () => said.includes('furnished'));
  const enter = ['-t', String(holder.pid), '--mount', '--wdns=/root'];
  const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', HOME: '/root' };
  const run = (inside: readonly string[], line: string): string =>
    execFileSync('nsenter', [...enter, ...inside, 'sh', '-ec', line], {
      encoding: 'utf8',
      timeout: 300_000,
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    });
  const own = [`--net=${netns.path}`];
  const sh = (line: string): string => run(own, line);

  t.notMatch(sh('dpkg-query -W iptables iproute2 2>/dev/null || true'), /\d/, 'it is bare');
  const installed = run([], 'corral/install --no-start');
  t.match(installed, 'installing', 'packages were missing');
  sh(`ip link add uplink type veth peer name neighbour && ip address add 192.0.2.10/24 dev uplink
    ip link set uplink up && ip link set neighbour up && ip route add default via 192.0.2.1`);
  const before = networkState(sh);
  t.match(run([], 'corral/install --no-start'), 'is used', 'a second run');
  t.same(networkState(sh), before, 'changes nothing');

  const up = spawn('nsenter', [...enter, ...own, 'corral', 'up'], { stdio: 'ignore', env });
  t.teardown(() => void up.kill('SIGTERM'));
  await until(90_000, 'corral status is content', () => {
    const text = sh('corral status --json || true');
    return text !== '' && JSON.parse(text).daemons.every(({ ready }: { ready: boolean }) => ready);
  });
  sh('ip netns add x && corral attach /run/netns/x --name x --label io.rancher.stack_service.name=shop/db');
  t.match(sh('ip netns exec x ip route'), /^default via 10\.42\./m);
  t.match(sh('corral resolve db.shop.rancher.internal'), /10\.42\./);
  sh('corral detach /run/netns/x && ip netns delete x');
  sh('/opt/corral/current/uninstall --purge');
  await until(30_000, 'it has ended', () => up.exitCode !== null || up.signalCode !== null);
  const { files, ...kernel } = networkState(sh);
  const { files: _, ...kernelBefore } = before;
  t.same(kernel, kernelBefore, 'the kernel is as it was');
  t.equal(files, '', 'no file is left');
});
