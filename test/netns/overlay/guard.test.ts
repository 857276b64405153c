// A network whose driver is secret never sends or takes a packet in the clear: before there is a tunnel, without rules, without
// the route of last resort, while the daemon is dead, and on a kernel that cannot encrypt at all.
import t from 'tap';
import { openWireguard } from '../../../daemons/shared/effects/netlink/wireguard.ts';
import { exec, isRoot, makeNamespace, type Namespace, until } from '../support/namespaces.ts';
import {
  blockObject,
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

const range = '10.42.0.0/16';

/** Counts packets of the network that come into a namespace. */
function countIn(ns: Namespace): () => number {
  for (const way of ['-s', '-d']) exec(ns, 'iptables', ['-t', 'raw', '-A', 'PREROUTING', way, range]);
  return () => {
    const listing = exec(ns, 'iptables', ['-t', 'raw', '-nvxL', 'PREROUTING']);
    return [...listing.matchAll(/^\s*(\d+)\s+\d+\s.*10\.42\.0\.0\/16/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
  };
}

const mangle = (ns: Namespace): string => exec(ns, 'iptables-save', ['-t', 'mangle']);

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('a secret network without a tunnel', async (t) => {
    const wireguard = openWireguard();
    const lacks = !(await wireguard.isThere());
    wireguard.close();
    const sw = makeSwitch(t);
    const objects = [hostObject(1), hostObject(2), blockObject(1), blockObject(2)];
    const secret = networkObject('corral', { driver: 'wireguard' });
    const host = await makeHost(t, sw, 1, [secret, ...objects]);
    const router = makeNamespace(t, 'r');
    plug(sw, router, ['192.168.50.99/24', '10.42.9.9/32']);
    exec(router, 'ip', ['route', 'add', '10.42.1.0/24', 'via', '192.168.50.11']);
    exec(host.ns, 'ip', ['route', 'add', 'default', 'via', '192.168.50.99']);
    const inside = makeContainer(t, host, '10.42.1.11/24', { gateway: '10.42.1.1' });
    const neighbour = makeContainer(t, host, '10.42.1.12/24', { gateway: '10.42.1.1' });
    const [seen, arrived] = [countIn(router), countIn(inside)];
    const daemon = startDaemon(t, host);
    await until(patience, `the guard stands: ${daemon.log()}`, () =>
      mangle(host.ns).includes('CATTLE_OVERLAY_GUARD -d'),
    );

    t.notOk(pings(inside, '10.42.2.21'), 'a remote container');
    t.notOk(pings(host.ns, '10.42.2.21'), 'from the host');
    t.ok(pings(inside, '10.42.1.12') && pings(inside, '10.42.1.1') && pings(host.ns, '10.42.1.12'), 'on this host');
    t.equal(seen(), 0);
    const state = await until(patience, 'it says how it is', async () => {
      const { conditions } = await daemon.health();
      return conditions.find(({ name, code }) => name === 'overlay' && code !== 'NOT_READY');
    });
    if (lacks) t.match(state, { ok: false, degradesOnly: false, code: 'KERNEL_LACKS', text: /corral: .*WireGuard/ });

    const before = arrived();
    t.notOk(pingsFrom(router, '10.42.9.9', '10.42.1.11'));
    t.equal(arrived(), before, 'what comes in the clear is not taken');

    exec(host.ns, 'ip', ['route', 'del', 'unreachable', range, 'proto', '143', 'metric', '4294967295']);
    t.notOk(pings(inside, '10.42.2.21'), 'rules alone');
    t.notOk(pings(host.ns, '10.42.2.21'));
    t.equal(seen(), 0);

    exec(host.ns, 'ip', ['route', 'add', 'unreachable', range, 'proto', '143', 'metric', '4294967295']);
    await daemon.end('SIGKILL');
    for (const table of ['raw', 'mangle', 'filter', 'nat']) exec(host.ns, 'iptables', ['-t', table, '-F']);
    t.notOk(pings(inside, '10.42.2.21'), 'the route alone');
    t.notOk(pings(host.ns, '10.42.2.21'));
    t.equal(seen(), 0);
    pingsFrom(router, '10.42.9.9', '10.42.1.11');
    t.ok(arrived() > before, 'without rules it would have been taken');

    startDaemon(t, host);
    await until(patience, 'the guard is back', () => mangle(host.ns).includes('CATTLE_OVERLAY_GUARD -d'));
    host.metadata.change([networkObject('corral'), ...objects], []);
    await until(patience, 'another driver has no guard', () => !mangle(host.ns).includes('CATTLE_OVERLAY_GUARD -d'));
    t.match(mangle(host.ns), /CATTLE_OVERLAY_MSS/);
    t.ok(pings(neighbour, '10.42.1.11'));
  });

function pingsFrom(ns: Namespace, source: string, to: string): boolean {
  try {
    exec(ns, 'ping', ['-c', '1', '-W', '1', '-I', source, to]);
    return true;
  } catch {
    return false;
  }
}
