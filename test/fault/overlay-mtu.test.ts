// F17 (VXLAN): full-size packets and a large transfer over uplinks of 1,400 to 9,000 bytes, and over one that is smaller than its
// ends believe. No hang, and no fragments on the underlay.
import t from 'tap';
import { fragmentsOf, transfer } from '../netns/overlay/support/bulk.ts';
import {
  cluster,
  linkShown,
  makeContainer,
  makeHost,
  makeSwitch,
  patience,
  pings,
  portOf,
  startAll,
} from '../netns/overlay/support/hosts.ts';
import { exec, isRoot, until } from '../netns/support/namespaces.ts';

if (!isRoot) t.plan(0, 'needs root');
t.setTimeout(170_000);

const bytes = 100 << 20;
const overhead = 50;

for (const uplink of [1_400, 1_500, 9_000]) {
  t.test(`uplinks of ${uplink} bytes`, async (t) => {
    const sw = makeSwitch(t);
    const hosts = await Promise.all([1, 2].map((number) => makeHost(t, sw, number, cluster(2))));
    for (const { ns } of hosts) {
      exec(ns, 'ip', ['link', 'set', 'eth0', 'mtu', String(uplink)]);
      exec(sw, 'ip', ['link', 'set', portOf({ ns }), 'mtu', String(uplink)]);
    }
    await startAll(t, hosts);
    const [h1, h2] = [hosts[0]!, hosts[1]!];
    const inner = uplink - overhead;
    t.equal(linkShown(h1)?.mtu, inner);
    // As network-manager would, but one of the two containers believes in a larger link than there is.
    const c1 = makeContainer(t, h1, '10.42.1.5/24', { gateway: '10.42.1.1', mtu: inner });
    const c2 = makeContainer(t, h2, '10.42.2.5/24', { gateway: '10.42.2.1', mtu: Math.max(inner, 1_500) });
    await until(patience, 'container reaches container', () => pings(c1, '10.42.2.5'));
    t.ok(pings(c1, '10.42.2.5', Math.min(inner, 1_450)), 'the largest packet of a container');
    const before = hosts.map(({ ns }) => fragmentsOf(ns));
    t.equal(await transfer(c1, c2, '10.42.2.5', bytes), bytes, 'there');
    t.equal(await transfer(c2, c1, '10.42.1.5', bytes), bytes, 'and back');
    t.same(
      hosts.map(({ ns }) => fragmentsOf(ns)),
      before,
      'no fragments',
    );
  });
}

t.test('one peer behind a smaller way, known to the routes', async (t) => {
  const sw = makeSwitch(t);
  const hosts = await Promise.all([1, 2, 3].map((number) => makeHost(t, sw, number, cluster(3))));
  const [h1, h2, h3] = [hosts[0]!, hosts[1]!, hosts[2]!];
  for (const { ns } of [h1, h3]) exec(ns, 'ip', ['route', 'add', '192.168.50.12', 'dev', 'eth0', 'mtu', '1400']);
  for (const other of ['192.168.50.11', '192.168.50.13'])
    exec(h2.ns, 'ip', ['route', 'add', other, 'dev', 'eth0', 'mtu', '1400']);
  exec(sw, 'ip', ['link', 'set', portOf(h2), 'mtu', '1400']);
  await startAll(t, hosts);
  const c1 = makeContainer(t, h1, '10.42.1.5/24', { gateway: '10.42.1.1' });
  const c2 = makeContainer(t, h2, '10.42.2.5/24', { gateway: '10.42.2.1' });
  makeContainer(t, h3, '10.42.3.5/24', { gateway: '10.42.3.1' });
  await until(patience, 'container reaches container', () => pings(c1, '10.42.2.5'));
  t.ok(pings(c1, '10.42.3.5', 1_450), 'the other peer keeps its full size');
  const before = fragmentsOf(h1.ns);
  t.equal(await transfer(c1, c2, '10.42.2.5', bytes), bytes);
  t.equal(await transfer(c2, c1, '10.42.1.5', bytes), bytes);
  t.equal(fragmentsOf(h1.ns), before, 'no fragments');
});
