// The unit under a real systemd: installed in one command, watched, upgraded, taken back, removed.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { isRoot, until } from '../support/namespaces.ts';
import { networkState } from '../support/network-state.ts';
import { packDirectory, repository } from '../support/release.ts';
import { bootSystemd, type SystemdHost } from '../support/systemd.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

t.setTimeout(300_000);
const units = join(repository, 'systemd');

t.test('a host with systemd', async (t) => {
  const release = packDirectory(t);
  const host = await bootSystemd(t);
  const before = networkState(host.sh);
  copyIn(host, release, '/root/corral');
  host.sh(`mkdir -p /etc/corral && echo 'engines: []' >/etc/corral/corral.yaml
    /root/corral/install --no-start`);
  t.same(host.sh('ls /run/corral 2>/dev/null || true'), '', 'nothing is started');
  // A unit that cannot be loaded, an option that is not known, a program that is not there: each is said.
  t.equal(host.sh('systemd-analyze verify corral.service corral.target corral@dns.service 2>&1').trim(), '');
  for (const unit of ['corral.service', 'corral@.service']) {
    const text = execFileSync('systemd-analyze', ['security', '--offline=true', '--no-pager', join(units, unit)], {
      encoding: 'utf8',
    });
    const exposure = Number(/Overall exposure level .*: (\d+\.\d)/.exec(text)?.[1]);
    t.ok(exposure > 0 && exposure <= 4, `${unit}: exposure ${exposure}`);
  }

  await t.test('one command installs it, and a namespace gets its address', async (t) => {
    host.sh('/root/corral/install', 120_000);
    t.equal(host.sh('systemctl is-active corral.service').trim(), 'active');
    t.match(property(host, 'StatusText'), /^ready$/);
    attach(host, 'x');
    attach(host, 'y');
    t.match(host.sh(`ip netns exec y ping -c 2 -W 2 ${addressOf(host, 'x')}`), ' 0% packet loss');

    await t.test('a killed supervisor is started again and takes over', async (t) => {
      const daemons = pids(host);
      const main = property(host, 'MainPID');
      host.sh(`kill -KILL ${main}`);
      await until(30_000, 'another one is ready', () => property(host, 'MainPID') !== main && isActive(host));
      await until(30_000, 'it has found them', () => same(pids(host), daemons));
      t.pass('the daemons are those of before');
    });

    await t.test('a supervisor that hangs is found out by the watchdog', async (t) => {
      host.sh(`mkdir -p /run/systemd/system/corral.service.d
        printf '[Service]\\nWatchdogSec=3\\n' >/run/systemd/system/corral.service.d/soon.conf
        systemctl daemon-reload && systemctl restart corral`);
      const main = property(host, 'MainPID');
      host.sh(`kill -STOP ${main}`);
      await until(60_000, 'another one is ready', () => property(host, 'MainPID') !== main && isActive(host));
      t.match(property(host, 'NRestarts'), /^[1-9]/);
      host.sh('rm -r /run/systemd/system/corral.service.d && systemctl daemon-reload && systemctl restart corral');
    });

    await t.test('one unit a daemon, in place of the supervisor', async (t) => {
      host.sh(`systemctl stop corral
        echo 'launcher: none' >>/etc/corral/corral.yaml
        systemctl start corral.target`);
      const names = ['metadata', 'network-manager', 'dns', 'overlay'].map((name) => `corral@${name}`);
      for (const name of names) {
        await until(60_000, `${name} is active`, () => isActive(host, `${name}.service`));
        await until(60_000, `${name} is ready`, () => property(host, 'StatusText', `${name}.service`) === 'ready');
      }
      t.pass('all are ready with the rights that they are given');
      host.sh(`ip netns add z && corral attach /run/netns/z --name z`);
      t.match(host.sh(`ip netns exec z ping -c 1 -W 2 ${addressOf(host, 'x')}`), ' 0% packet loss');
      host.sh(`systemctl stop corral.target ${names.map((name) => `${name}.service`).join(' ')}
        echo 'engines: []' >/etc/corral/corral.yaml
        systemctl start corral`);
    });

    host.sh(`for name in x y z; do corral detach /run/netns/$name; ip netns delete $name; done
      /root/corral/uninstall --purge`);
    t.same(networkState(host.sh), before, 'uninstalled: the host is as it was');
  });
});

function copyIn(host: SystemdHost, from: string, to: string): void {
  execFileSync('cp', ['-a', from, `/proc/${host.pid}/root${to}`]);
}

function attach(host: SystemdHost, name: string): void {
  host.sh(`ip netns add ${name} && corral attach /run/netns/${name} --name ${name}`);
}

function addressOf(host: SystemdHost, name: string): string {
  return /inet ([\d.]+)/.exec(host.sh(`ip -n ${name} -4 address show eth0`))![1]!;
}

function property(host: SystemdHost, name: string, unit = 'corral.service'): string {
  return host.sh(`systemctl show --property ${name} --value ${unit}`).trim();
}

function isActive(host: SystemdHost, unit = 'corral.service'): boolean {
  return host.sh(`systemctl is-active ${unit} || true`).trim() === 'active';
}

function pids(host: SystemdHost): Record<string, number | null> {
  const text = host.sh('corral status --json || true');
  const { daemons } = JSON.parse(text) as { daemons: { name: string; pid: number | null }[] };
  return Object.fromEntries(daemons.filter(({ name }) => name !== 'supervisor').map(({ name, pid }) => [name, pid]));
}

function same(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
