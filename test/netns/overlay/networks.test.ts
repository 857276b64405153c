import t from 'tap';
import { exec, isRoot, until } from '../support/namespaces.ts';
import {
  addBridge,
  blockObject,
  cluster,
  containerObject,
  hostObject,
  kernelState,
  linkShown,
  makeContainer,
  makeHost,
  makeSwitch,
  networkObject,
  patience,
  pings,
  startAll,
} from './support/hosts.ts';

if (!isRoot) t.plan(0, 'needs root');
t.setTimeout(150_000);

t.test('two networks have a tunnel each, and only their own containers meet', async (t) => {
  const sw = makeSwitch(t);
  const blue = { network: 'blue' };
  const objects = [
    ...cluster(2),
    networkObject('blue', { subnet: '10.43.0.0/16', vni: 4100 }),
    blockObject(1, '10.43.1.0/24', blue),
    blockObject(2, '10.43.2.0/24', blue),
  ];
  const hosts = await Promise.all([1, 2].map((number) => makeHost(t, sw, number, objects)));
  for (const { ns, number } of hosts) addBridge(ns, 'corral-blue', [`10.43.${number}.1/24`]);
  await startAll(t, hosts);
  const [h1, h2] = [hosts[0]!, hosts[1]!];
  t.match(linkShown(h1, 'vtep4100')?.linkinfo.info_data, { id: 4100, local: '192.168.50.11' });
  const c1 = makeContainer(t, h1, '10.43.1.5/24', { bridge: 'corral-blue', gateway: '10.43.1.1' });
  makeContainer(t, h2, '10.43.2.5/24', { bridge: 'corral-blue', gateway: '10.43.2.1' });
  await until(patience, 'blue reaches blue', () => pings(c1, '10.43.2.5'));
  const c2 = makeContainer(t, h1, '10.42.1.5/24', { gateway: '10.42.1.1' });
  makeContainer(t, h2, '10.42.2.5/24', { gateway: '10.42.2.1' });
  await until(patience, 'the default network too', () => pings(c2, '10.42.2.5'));
  t.match(exec(h1.ns, 'ip', ['route', 'show', '10.43.2.0/24']), 'dev vtep4100');

  h1.metadata.change([], [
    `network/${networkObject('blue').id}`,
    'block/blue/10.43.1.0/24',
    'block/blue/10.43.2.0/24',
  ] as never);
  await until(patience, 'a network that is gone takes its tunnel along', () => !linkShown(h1, 'vtep4100'));
  t.ok(pings(c2, '10.42.2.5'), 'the other one stays');
});

t.test('IPv6 inside', async (t) => {
  const sw = makeSwitch(t);
  const objects = [
    networkObject('corral', { subnet6: 'fd42::/48', block6: 64 }),
    ...[1, 2].flatMap((number) => [
      hostObject(number),
      blockObject(number, undefined, { cidr6: `fd42:0:0:${number}::/64` }),
    ]),
  ];
  const hosts = await Promise.all([1, 2].map((number) => makeHost(t, sw, number, objects)));
  for (const { ns, number } of hosts)
    exec(ns, 'ip', ['addr', 'add', `fd42:0:0:${number}::1/64`, 'dev', 'corral0', 'nodad']);
  await startAll(t, hosts);
  const [h1, h2] = [hosts[0]!, hosts[1]!];
  const c1 = makeContainer(t, h1, 'fd42:0:0:1::5/64', { gateway: 'fd42:0:0:1::1' });
  makeContainer(t, h2, 'fd42:0:0:2::5/64', { gateway: 'fd42:0:0:2::1' });
  await until(patience, 'container reaches container', () => pings(c1, 'fd42:0:0:2::5'));
  t.ok(pings(c1, 'fd42:0:0:2::5', 1450), 'in full size');
  t.ok(pings(h1.ns, 'fd42:0:0:2::5'), 'host reaches a remote container');
  t.match(exec(h1.ns, 'ip', ['-6', 'route', 'show', 'fd42:0:0:2::/64']), 'src fd42:0:0:1::1');
  t.match(exec(h1.ns, 'ip6tables-save', ['-t', 'mangle']), 'TCPMSS');
});

t.test('an IPv6 underlay', async (t) => {
  const sw = makeSwitch(t);
  const objects = [
    networkObject(),
    ...[1, 2].flatMap((number) => [hostObject(number, { agentIp: `fd50::${10 + number}` }), blockObject(number)]),
  ];
  const hosts = await Promise.all([1, 2].map((number) => makeHost(t, sw, number, objects)));
  const daemons = await startAll(t, hosts);
  const [h1, h2] = [hosts[0]!, hosts[1]!];
  t.match(linkShown(h1), { mtu: 1430, linkinfo: { info_data: { local6: 'fd50::11' } } });
  const c1 = makeContainer(t, h1, '10.42.1.5/24', { gateway: '10.42.1.1' });
  makeContainer(t, h2, '10.42.2.5/24', { gateway: '10.42.2.1' });
  await until(patience, 'container reaches container', () => pings(c1, '10.42.2.5'));
  t.ok(pings(c1, '10.42.2.5', 1430), 'the largest packet passes');
  t.notOk(pings(c1, '10.42.2.5', 1431));
  t.match(exec(h1.ns, 'ip6tables-save', ['-t', 'raw']), 'corral-peers6');
  t.equal(await daemons[0]!.count('failures'), 0);
});

t.test('an address outside its host’s block, several blocks, and one of ours that moved away', async (t) => {
  const sw = makeSwitch(t);
  const objects = [
    ...cluster(2),
    blockObject(2, '10.42.77.0/24'),
    containerObject(2, '10.42.200.9'),
    containerObject(2, '10.42.1.99'),
    containerObject(1, '10.42.1.5'),
  ];
  const hosts = await Promise.all([1, 2].map((number) => makeHost(t, sw, number, objects)));
  await startAll(t, hosts);
  const [h1, h2] = [hosts[0]!, hosts[1]!];
  t.same(
    kernelState(h1).filter((line) => line.includes('via')),
    [
      '10.42.1.99 via 10.42.2.0 dev vtep1042 src 10.42.1.1 onlink',
      '10.42.2.0/24 via 10.42.2.0 dev vtep1042 src 10.42.1.1 onlink',
      '10.42.200.9 via 10.42.2.0 dev vtep1042 src 10.42.1.1 onlink',
      '10.42.77.0/24 via 10.42.2.0 dev vtep1042 src 10.42.1.1 onlink',
    ],
  );
  const c1 = makeContainer(t, h1, '10.42.1.5/24', { gateway: '10.42.1.1' });
  for (const address of ['10.42.200.9', '10.42.1.99']) {
    makeContainer(t, h2, `${address}/32`, { gateway: '10.42.2.1' });
    await until(patience, `${address} is reached`, () => pings(c1, address));
  }
  h1.metadata.change([containerObject(2, '10.42.1.99', { state: 'stopped' })]);
  await until(
    patience,
    'a container that ended has no route',
    () => !kernelState(h1).some((line) => line.startsWith('10.42.1.99')),
  );
});

t.test('peers on one link without the tunnel', async (t) => {
  const sw = makeSwitch(t);
  const objects = [networkObject('corral', { direct: true }), ...cluster(2).slice(1)];
  const hosts = await Promise.all([1, 2].map((number) => makeHost(t, sw, number, objects)));
  for (const { ns } of hosts) exec(ns, 'iptables', ['-P', 'FORWARD', 'DROP']);
  for (const { ns } of hosts) exec(ns, 'iptables', ['-A', 'FORWARD', '-i', 'corral0', '-j', 'ACCEPT']);
  await startAll(t, hosts);
  const [h1, h2] = [hosts[0]!, hosts[1]!];
  t.match(
    exec(h1.ns, 'ip', ['route', 'show', '10.42.2.0/24']),
    '10.42.2.0/24 via 192.168.50.12 dev eth0 proto 143 src 10.42.1.1',
  );
  const c1 = makeContainer(t, h1, '10.42.1.5/24', { gateway: '10.42.1.1', mtu: 1500 });
  makeContainer(t, h2, '10.42.2.5/24', { gateway: '10.42.2.1', mtu: 1500 });
  for (const { ns } of hosts) exec(ns, 'ip', ['link', 'set', 'corral0', 'mtu', '1500']);
  await until(patience, 'container reaches container', () => pings(c1, '10.42.2.5'));
  t.ok(pings(c1, '10.42.2.5', 1500), 'with nothing added');
  for (const host of hosts) host.metadata.change([networkObject()]);
  await until(patience, 'back into the tunnel', () =>
    exec(h1.ns, 'ip', ['route', 'show', '10.42.2.0/24']).includes('vtep1042'),
  );
  await until(patience, 'and still', () => pings(c1, '10.42.2.5'));
});

t.test('a flat network: one subnet over all hosts, each address claimed alone', async (t) => {
  const sw = makeSwitch(t);
  const flat = networkObject('flat', { subnet: '10.44.0.0/16', blocks: 'none', vni: 4200 });
  const objects = [
    flat,
    hostObject(1),
    hostObject(2),
    containerObject(1, '10.44.0.5', { network: 'flat' }),
    containerObject(2, '10.44.9.9', { network: 'flat' }),
  ];
  const hosts = await Promise.all([1, 2].map((number) => makeHost(t, sw, number, objects)));
  for (const { ns } of hosts) addBridge(ns, 'corral-flat', ['10.44.0.1/16']);
  await startAll(t, hosts);
  const [h1, h2] = [hosts[0]!, hosts[1]!];
  const c1 = makeContainer(t, h1, '10.44.0.5/16', { bridge: 'corral-flat', gateway: '10.44.0.1' });
  makeContainer(t, h2, '10.44.9.9/16', { bridge: 'corral-flat', gateway: '10.44.0.1' });
  await until(patience, 'container reaches container', () => pings(c1, '10.44.9.9'));
  t.match(exec(c1, 'ip', ['neigh', 'show', '10.44.9.9']), /lladdr/, 'the host answered for it');
  t.notOk(pings(c1, '10.44.7.7'), 'an address that nobody has stays unanswered');
  t.notMatch(exec(c1, 'ip', ['neigh', 'show', '10.44.7.7']), /lladdr/);
});
