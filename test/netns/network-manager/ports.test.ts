import { existsSync } from 'node:fs';
import t from 'tap';
import { type Cell, matrix } from '../../unit/support/port-matrix.ts';
import { container } from '../../unit/support/snapshots.ts';
import { connect, exec, isRoot, makeNamespace, type Namespace, type TestScope, until } from '../support/namespaces.ts';
import { ask, type Lab, makeLab, objects, plug, serve } from './support/lab.ts';

if (!isRoot) t.plan(0, 'needs root');
t.setTimeout(170_000);

interface PortLab extends Lab {
  /** 198.51.100.9, behind the neighbour. */
  readonly outside: Namespace;
  /** 10.42.7.11 on corral0. */
  readonly next: Namespace;
}

/** Under a policy that forwards nothing: what gets through, our rules let through. */
async function makePortLab(t: TestScope): Promise<PortLab> {
  const lab = await makeLab(t, [['-P', 'FORWARD', 'DROP']]);
  const [outside, next] = [makeNamespace(t, 'rou'), makeNamespace(t, 'rne')];
  connect(
    { ns: lab.neighbour, device: 'out', address: '198.51.100.8/24' },
    { ns: outside, device: 'eth0', address: '198.51.100.9/24' },
  );
  exec(outside, 'ip', ['route', 'add', 'default', 'via', '198.51.100.8']);
  exec(lab.neighbour, 'sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
  plug(lab.host, next, 'corral0', 've', '10.42.7.11/24', '10.42.7.1');
  return { ...lab, outside, next };
}

const portRules = (ns: Namespace): string =>
  exec(ns, 'iptables-save', ['-t', 'nat'])
    .split('\n')
    .filter((line) => line.includes('DNAT --to'))
    .join('\n');

// With br_netfilter, bridged frames pass the rules too, and a translated one may be bridged instead of routed.
const bridgeSetting = 'net.bridge.bridge-nf-call-iptables';
const hasBridgeFilter = existsSync(`/proc/sys/${bridgeSetting.replaceAll('.', '/')}`);

for (const filtered of hasBridgeFilter ? [true, false] : [undefined]) {
  t.test(`the packet matrix, with real packets, br_netfilter ${filtered ?? 'not there'}`, async (t) => {
    const lab = await makePortLab(t);
    const { host, neighbour: other, one, two, outside, next, keepers } = lab;
    if (filtered !== undefined) exec(host, 'sysctl', ['-qw', `${bridgeSetting}=${Number(filtered)}`]);
    const askers: Record<Cell['who'], (when: Cell['when']) => Namespace> = {
      outside: () => outside,
      loopback: () => host,
      host: () => host,
      sibling: () => two,
      itself: (when) => (when === 'first' ? one : next),
      other: () => other,
    };
    for (const when of ['first', 'again'] as const) {
      const cells = matrix.filter((cell) => cell.when === when);
      const { container: address } = cells[0]!;
      const stop = await serve(t, when === 'first' ? one : next, '0.0.0.0', 80, 90);
      keepers.send([...objects, container(when, address, [...new Set(cells.map(({ port }) => port))])]);
      await until(2_000, 'the ports are published', () => portRules(host).split(`${address}:`).length === 5);
      await keepers.becomes({ condition: 'ports', code: null });
      for (const { who, protocol, dst, dport, sees, name } of cells) {
        t.equal(ask(askers[who](when), protocol, dst, dport).replace('ECONNREFUSED', 'refused'), sees, name);
      }
      t.equal(ask(outside, 'tcp', '192.0.2.1', 81), 'ECONNREFUSED', 'a port that nobody published is the host itself');
      stop();
    }
    t.notMatch(exec(one, 'ip', ['route', 'show', 'cache']), 'redirected', 'nobody was told of a shorter way');
  });
}

t.test('127.0.0.1 is open for published ports alone, and only while they need it', async (t) => {
  const { host, one, keepers } = await makePortLab(t);
  const setting = (): string => exec(host, 'cat', ['/proc/sys/net/ipv4/conf/corral0/route_localnet']).trim();
  await serve(t, host, '127.0.0.1', 7777);
  t.equal(setting(), '0', 'off without ports');
  keepers.send([...objects, container('a', '10.42.7.9', ['192.0.2.1:9090:90/tcp'])]);
  await until(2_000, 'published', () => portRules(host).includes('9090'));
  t.equal(setting(), '0', 'off for a port on another address');
  keepers.send([...objects, container('a', '10.42.7.9', ['0.0.0.0:8080:80/tcp'])]);
  await until(2_000, 'on', () => setting() === '1');
  t.equal(
    exec(host, 'cat', ['/proc/sys/net/ipv4/conf/corral-back/route_localnet']).trim(),
    '0',
    'on this bridge alone',
  );
  exec(one, 'sysctl', ['-qw', 'net.ipv4.conf.all.route_localnet=1']);
  exec(one, 'ip', ['route', 'del', 'local', '127.0.0.0/8', 'dev', 'lo', 'table', 'local']);
  exec(one, 'ip', ['route', 'del', 'local', '127.0.0.1', 'dev', 'lo', 'table', 'local']);
  exec(one, 'ip', ['route', 'add', '127.0.0.0/8', 'via', '10.42.7.1', 'src', '10.42.7.9']);
  t.equal(ask(one, 'tcp', '127.0.0.1', 7777), 'TIMEOUT', 'a container that knows how does not get in');
  t.equal(ask(one, 'tcp', '127.0.0.1', 8080), 'TIMEOUT');
  t.equal(ask(host, 'tcp', '127.0.0.1', 7777), '127.0.0.1', 'the host itself does');
  const guard = exec(host, 'iptables', ['-t', 'raw', '-nvxL', 'CATTLE_RAW_PREROUTING']);
  t.match(guard, /^ +[1-9]\d* +\d+ DROP .*corral0 .*127\.0\.0\.0\/8/m, 'because of the guard');
  keepers.send(objects);
  await until(2_000, 'off again', () => setting() === '0');
});

t.test('a port is published when the way is there, and not before', async (t) => {
  const { host, keepers } = await makePortLab(t);
  keepers.send([...objects, container('a', '10.42.7.9', ['0.0.0.0:8080:80/tcp'])]);
  await until(2_000, 'published', () => portRules(host).includes('8080'));
  exec(host, 'ip', ['link', 'set', 'corral0', 'down']);
  exec(host, 'ip', ['address', 'flush', 'dev', 'corral0']);
  await until(12_000, 'withdrawn, and back with the bridge', async () => {
    const link = exec(host, 'ip', ['-4', '-o', 'address', 'show', 'dev', 'corral0', 'up']);
    return link.includes('10.42.7.1/24') && portRules(host).includes('8080');
  });
  await keepers.becomes('ready');
});

t.test('what cannot be published is told, and keeps nothing else back', async (t) => {
  const { host, keepers } = await makePortLab(t);
  await serve(t, host, '192.0.2.1', 7777);
  const old = container('old', '10.42.7.9', ['0.0.0.0:8080:80/tcp'], { createdAt: 1 });
  const young = container('young', '10.42.7.10', ['0.0.0.0:8080:80/tcp', 'rubbish\n-A', '0.0.0.0:8081:80/tcp'], {
    createdAt: 2,
  });
  const shares = (text: string): boolean => portRules(host).includes(text);
  keepers.send([...objects, young]);
  await until(2_000, 'the first who asks has it', () => shares('8080 -m comment') && shares('10.42.7.10:80'));
  await keepers.becomes({ condition: 'ports', code: 'RECORD_INVALID' });
  keepers.send([...objects, young, old]);
  const [conflict] = await keepers.becomes({ condition: 'ports', code: 'PORT_CONFLICT' });
  t.ok(conflict);
  await until(2_000, 'the older one has it', () => shares('10.42.7.9:80') && shares('8081'));
  t.equal(keepers.events().filter((event) => event === 'ports.conflict').length, 1, 'told once');
  keepers.send([...objects, container('a', '10.42.7.9', ['0.0.0.0:7777:80/tcp'])]);
  await keepers.becomes({ condition: 'ports', code: 'PORT_TAKEN' });
  t.ok(shares('7777'), 'and published all the same');
});
