import t from 'tap';
import { type Netlink, PROTO_CORRAL, type Route } from '../../../daemons/shared/effects/netlink.ts';
import { parseCidr4 } from '../../../daemons/shared/model/ipv4.ts';
import { exec, execJson, isRoot, type Namespace, type TestScope } from '../support/namespaces.ts';
import { ip4, openIn } from './open.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

/** A namespace with one device that has 10.42.0.1/24. */
async function host(t: TestScope, prefix: string): Promise<{ ns: Namespace; nl: Netlink; index: number }> {
  const { ns, nl } = openIn(t, prefix);
  await nl.createVeth({ name: 'a', up: true }, { name: 'b' });
  await nl.setLink('b', { up: true });
  const { index } = (await nl.getLink('a'))!;
  await nl.ensureAddress({ index, address: ip4('10.42.0.1'), prefix: 24 });
  return { ns, nl, index };
}
const range = (text: string): Route['dst'] => parseCidr4(text)!;
const shown = (ns: Namespace, ...filter: string[]): unknown[] => execJson(ns, 'ip', ['route', 'show', ...filter]);

t.test('a route to a peer: on-link gateway and source address', async (t) => {
  const { ns, nl, index } = await host(t, 'peer');
  const want = { dst: range('10.42.5.0/24'), via: ip4('172.31.0.9'), index, src: ip4('10.42.0.1'), onlink: true };
  t.equal(await nl.ensureRoute(want), true);
  t.equal(await nl.ensureRoute(want), false);
  t.match(shown(ns, 'proto', String(PROTO_CORRAL)), [
    { dst: '10.42.5.0/24', gateway: '172.31.0.9', dev: 'a', prefsrc: '10.42.0.1', flags: ['onlink'] },
  ]);
  t.match(await nl.listRoutes({ ours: true }), [{ ...want, type: 'unicast', protocol: PROTO_CORRAL, table: 254 }]);
  const moved = { ...want, via: ip4('172.31.0.10') };
  t.equal(await nl.ensureRoute(moved), true, 'a changed gateway replaces the route');
  t.equal((await nl.listRoutes({ ours: true })).length, 1);
  t.equal((await nl.routeTo(ip4('10.42.5.77')))?.via, ip4('172.31.0.10'));
  t.equal(await nl.dropRoute(want), true);
  t.equal(await nl.dropRoute(want), false);
});

t.test('an unreachable network stops what no other route takes', async (t) => {
  const { ns, nl, index } = await host(t, 'unreach');
  const wall = { dst: range('10.42.0.0/16'), type: 'unreachable' as const, metric: 4_294_967_295 };
  t.equal(await nl.ensureRoute(wall), true);
  t.equal(await nl.ensureRoute(wall), false);
  t.match(shown(ns, 'type', 'unreachable'), [{ dst: '10.42.0.0/16', metric: 4_294_967_295 }]);
  t.equal(await nl.routeTo(ip4('10.42.9.9')), undefined);
  t.match(await nl.routeTo(ip4('10.42.0.9')), { index });
  t.equal(await nl.dropRoute(wall), true);
});

t.test('a default route, a device route, a metric of its own, an MTU', async (t) => {
  const { ns, nl, index } = await host(t, 'kinds');
  t.equal(await nl.ensureRoute({ dst: range('0.0.0.0/0'), via: ip4('10.42.0.2'), index, protocol: 3 }), true);
  t.equal(await nl.ensureRoute({ dst: range('10.43.0.9/32'), index, mtu: 1300 }), true);
  t.equal(await nl.ensureRoute({ dst: range('10.43.0.9/32'), index, metric: 7 }), true);
  t.equal(await nl.ensureRoute({ dst: range('10.43.0.9/32'), index, mtu: 1300 }), false);
  t.match(shown(ns, 'default'), [{ dst: 'default', gateway: '10.42.0.2', dev: 'a' }]);
  t.match(shown(ns, '10.43.0.9'), [
    { dev: 'a', scope: 'link', metrics: [{ mtu: 1300 }] },
    { dev: 'a', metric: 7 },
  ]);
  t.match(await nl.routeTo(ip4('8.8.8.8')), { via: ip4('10.42.0.2'), index });
  t.same((await nl.listRoutes()).filter((route) => route.dst.prefix === 0)[0]?.dst, { base: 0, prefix: 0 });
  t.equal(await nl.dropRoute({ dst: range('10.43.0.9/32'), metric: 7 }), true);
  t.equal(shown(ns, '10.43.0.9').length, 1);
});

t.test('only a route of the named protocol is removed', async (t) => {
  const { ns, nl, index } = await host(t, 'proto');
  exec(ns, 'ip', ['route', 'add', '10.44.0.0/24', 'dev', 'a', 'proto', 'static']);
  t.equal(await nl.dropRoute({ dst: range('10.44.0.0/24'), protocol: PROTO_CORRAL }), false);
  t.equal(shown(ns, '10.44.0.0/24').length, 1);
  t.equal(await nl.dropRoute({ dst: range('10.44.0.0/24') }), true);
  t.same(await nl.listRoutes({ ours: true }), []);
  t.ok(index > 0);
});

t.test('another table, and IPv6', async (t) => {
  const { ns, nl, index } = await host(t, 'six');
  const other = { dst: range('10.45.0.0/24'), index, table: 1_042 };
  t.equal(await nl.ensureRoute(other), true);
  t.equal(await nl.ensureRoute(other), false);
  t.match(shown(ns, 'table', '1042'), [{ dst: '10.45.0.0/24', dev: 'a' }]);
  t.equal((await nl.listRoutes({ table: 1_042 })).length, 1);
  await nl.ensureAddress({ index, address: 'fd42::1', prefix: 64 });
  const six = { dst: { base: 'fd43::', prefix: 64 }, via: 'fd42::2', index };
  t.equal(await nl.ensureRoute(six), true);
  t.equal(await nl.ensureRoute(six), false);
  t.match(await nl.listRoutes({ family: 6, ours: true }), [{ dst: { base: 'fd43::', prefix: 64 }, via: 'fd42::2' }]);
  t.equal((await nl.routeTo('fd43::7'))?.via, 'fd42::2');
  t.equal(await nl.dropRoute(six), true);
});

t.test('what the kernel refuses is told with what was attempted', async (t) => {
  const { nl, index } = await host(t, 'refuse');
  await t.rejects(nl.ensureRoute({ dst: range('10.46.0.0/24'), via: ip4('192.0.2.1'), index }), {
    code: 'NETLINK_UNREACHABLE',
    message: /add route 10\.46\.0\.0\/24/,
  });
  await t.rejects(nl.ensureRoute({ dst: range('10.46.0.0/24'), index: 999 }), { code: 'NETLINK_NO_SUCH_DEVICE' });
  await t.rejects(nl.ensureRoute({ dst: range('10.46.0.0/24'), via: 'fd00::1', index }), { code: 'NETLINK_REFUSED' });
  t.equal(await nl.routeTo(ip4('8.8.8.8')), undefined, 'no route at all');
});

t.test('a thousand requests at once all arrive, failures among them', async (t) => {
  const { nl, index } = await host(t, 'many');
  const routes = Array.from({ length: 1_000 }, (_, n): Route => {
    const dst = range(`10.${50 + (n >> 8)}.${n & 255}.0/24`);
    return n % 10 === 3 ? { dst, index: 999 } : { dst, index };
  });
  const results = await Promise.allSettled(routes.map((route) => nl.ensureRoute(route)));
  t.same(
    results.map((result) => result.status === 'fulfilled'),
    routes.map((route) => route.index === index),
  );
  t.equal((await nl.listRoutes({ ours: true })).length, 900);
  const [first, second] = await Promise.all([nl.listRoutes({ ours: true }), nl.listRoutes({ ours: true })]);
  t.equal(first.length + second.length, 1_800, 'lists asked for at once follow one another');
});
