// A network whose driver is secret never sends or takes a packet in the clear, of either family: before there is a tunnel, without
// rules, without the route of last resort, while the daemon is dead, and on a kernel that cannot encrypt at all. Each of what
// keeps it closed does so alone.
import t from 'tap';
import { openWireguard } from '../../../daemons/shared/effects/netlink/wireguard.ts';
import { exec, execJson, isRoot, makeNamespace, type Namespace, until } from '../support/namespaces.ts';
import {
  addContainerIpv6,
  addIpv6,
  answering,
  blockObject,
  flushRules,
  hostObject,
  makeContainer,
  makeHost,
  makeSwitch,
  networkObject,
  patience,
  pings,
  plug,
  startDaemon,
} from './support/hosts.ts';

/** Of each family: the network, and addresses in it. */
const families = [
  {
    family: 4,
    iptables: 'iptables',
    question: ['-p', 'icmp', '--icmp-type', '8'],
    range: '10.42.0.0/16',
    elsewhere: '10.42.9.9',
    gateway: '10.42.1.1',
    inside: '10.42.1.11',
    neighbour: '10.42.1.12',
    far: '10.42.2.21',
  },
  {
    family: 6,
    iptables: 'ip6tables',
    question: ['-p', 'ipv6-icmp', '--icmpv6-type', '128'],
    range: 'fd42::/48',
    elsewhere: 'fd42:0:0:9::9',
    gateway: 'fd42:0:0:1::1',
    inside: 'fd42:0:0:1::11',
    neighbour: 'fd42:0:0:1::12',
    far: 'fd42:0:0:2::21',
  },
] as const;

/** Counts packets of the network that come into a namespace, of both families: all of them, or questions of ping(8) alone. */
function countIn(ns: Namespace, what: 'packets' | 'questions'): () => number {
  for (const { iptables, range, question } of families) {
    const match = what === 'packets' ? [] : question;
    for (const way of ['-s', '-d']) exec(ns, iptables, ['-t', 'raw', '-A', 'PREROUTING', way, range, ...match]);
  }
  return () =>
    families.reduce((sum, { iptables, range }) => {
      const lines = exec(ns, iptables, ['-t', 'raw', '-nvxL', 'PREROUTING'])
        .split('\n')
        .filter((line) => line.includes(range));
      return lines.reduce((count, line) => count + Number(line.trim().split(/\s+/)[0]), sum);
    }, 0);
}

const mangle = (ns: Namespace, family: 4 | 6 = 4): string =>
  exec(ns, family === 4 ? 'iptables-save' : 'ip6tables-save', ['-t', 'mangle']);

const unreachable = (range: string): string[] => ['unreachable', range, 'proto', '143', 'metric', '4294967295'];

t.setTimeout(90_000);

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('a secret network without a tunnel', async (t) => {
    const wireguard = openWireguard();
    const lacks = !(await wireguard.isThere());
    wireguard.close();
    const sw = makeSwitch(t);
    const blocks = [1, 2].map((number) => blockObject(number, undefined, { cidr6: `fd42:0:0:${number}::/64` }));
    const objects = [hostObject(1), hostObject(2), ...blocks];
    const secret = networkObject('corral', { driver: 'wireguard', subnet6: 'fd42::/48' });
    const host = await makeHost(t, sw, 1, [secret, ...objects]);
    const router = makeNamespace(t, 'r');
    plug(sw, router, ['192.168.50.99/24', 'fd50::99/64', '10.42.9.9/32', 'fd42:0:0:9::9/128']);
    exec(router, 'ip', ['route', 'add', '10.42.1.0/24', 'via', '192.168.50.11']);
    exec(router, 'ip', ['-6', 'route', 'add', 'fd42:0:0:1::/64', 'via', 'fd50::11']);
    exec(host.ns, 'ip', ['route', 'add', 'default', 'via', '192.168.50.99']);
    exec(host.ns, 'ip', ['-6', 'route', 'add', 'default', 'via', 'fd50::99']);
    addIpv6(host);
    // It asks for its neighbour by an address of the network, and gets no answer.
    const { address } = execJson<{ address: string }>(host.ns, 'ip', ['link', 'show', 'eth0'])[0]!;
    exec(router, 'ip', ['neigh', 'replace', 'fd50::11', 'lladdr', address, 'dev', 'eth0', 'nud', 'permanent']);
    const containers = [11, 12].map((last) => {
      const ns = makeContainer(t, host, `10.42.1.${last}/24`, { gateway: '10.42.1.1' });
      addContainerIpv6(ns, 1, last);
      return ns;
    });
    const [inside, neighbour] = containers as [Namespace, Namespace];
    const [seen, arrived] = [countIn(router, 'packets'), countIn(inside, 'questions')];
    const knock = (): void => {
      answering(router, ...families.map(({ elsewhere, inside }) => `-I ${elsewhere} ${inside}`));
    };
    const closed = (what: string): void => {
      const before = seen();
      t.same(answering(inside, ...families.map(({ far }) => far)), [], `${what}: for a container`);
      const ways = families.flatMap(({ far, gateway }) => [far, `-I ${gateway} ${far}`]);
      t.same(answering(host.ns, ...ways), [], `${what}: for the host, also by its address inside`);
      t.equal(seen(), before, `${what}: nothing was seen`);
    };
    const daemon = startDaemon(t, host);
    const guarded = (): Promise<boolean> =>
      until(patience, `the guard stands: ${daemon.log()}`, () =>
        families.every(({ family }) => mangle(host.ns, family).includes('CATTLE_OVERLAY_GUARD -d')),
      );
    await guarded();
    const policies = (): string => exec(host.ns, 'ip', ['xfrm', 'policy']);
    await until(patience, 'policies block', () => policies().includes('dst fd42::/48'));
    const state = await until(patience, 'it says how it is', async () => {
      const { conditions } = await daemon.health();
      return conditions.find(({ name, code }) => name === 'overlay' && code !== 'NOT_READY');
    });
    if (lacks) t.match(state, { ok: false, degradesOnly: false, code: 'KERNEL_LACKS', text: /corral: .*WireGuard/ });
    const { conditions } = await daemon.health();
    t.match(
      conditions.find(({ name }) => name === 'overlay-block'),
      {
        ok: true,
        text: 'nothing of 1 secret network passes in the clear',
      },
    );

    closed('at first');
    const near = families.flatMap((one) => [one.neighbour, one.gateway]);
    t.same(answering(inside, ...near), near, 'on this host');
    t.same(answering(host.ns, ...near), near, 'from this host');
    const before = arrived();
    knock();
    t.equal(arrived(), before, 'what comes in the clear is not taken');

    daemon.process.kill('SIGSTOP');
    for (const { family, range } of families)
      exec(host.ns, 'ip', [`-${family}`, 'route', 'del', ...unreachable(range)]);
    closed('without the last route');
    flushRules(host.ns);
    closed('without rules too');
    knock();
    t.equal(arrived(), before, 'without rules what comes in the clear is not taken');
    daemon.process.kill('SIGCONT');
    await guarded();

    daemon.process.kill('SIGSTOP');
    exec(host.ns, 'ip', ['xfrm', 'policy', 'flush']);
    closed('rules of the firewall alone');
    for (const { family, range } of families)
      exec(host.ns, 'ip', [`-${family}`, 'route', 'add', ...unreachable(range)]);
    flushRules(host.ns);
    closed('the route alone');
    knock();
    t.ok(arrived() > before, 'without policies and rules it would have been taken');
    daemon.process.kill('SIGCONT');
    await daemon.end('SIGKILL');

    const next = startDaemon(t, host);
    await guarded();
    await until(patience, 'and what the kernel blocks', () => policies().includes('dst fd42::/48'));
    const { keepers } = await next.get<{ keepers: { keeper: string; changes: string[] }[] }>('/v1/diff');
    t.same(keepers.find(({ keeper }) => keeper === 'overlay')?.changes, []);
    host.metadata.change([networkObject('corral', { subnet6: 'fd42::/48' }), ...objects], []);
    await until(patience, 'another driver has no guard', () => !mangle(host.ns).includes('CATTLE_OVERLAY_GUARD -d'));
    await until(patience, 'and no policies', () => policies() === '');
    t.notMatch(exec(host.ns, 'ip', ['-6', 'rule']), 'proto 143');
    t.match(mangle(host.ns), /CATTLE_OVERLAY_MSS/);
    t.ok(pings(neighbour, '10.42.1.11') && pings(neighbour, 'fd42:0:0:1::11'));
  });
