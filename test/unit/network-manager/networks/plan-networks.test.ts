import t from 'tap';
import type { HaveLink, HostState } from '../../../../daemons/network-manager/networks/host-state.ts';
import { type NetworksPlan, planNetworks } from '../../../../daemons/network-manager/networks/plan-networks.ts';
import { describeStep, type Step } from '../../../../daemons/network-manager/networks/steps.ts';
import { wantNetworks } from '../../../../daemons/network-manager/networks/want-networks.ts';
import type { SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import { hostObject } from '../../../fixtures/overlay-objects.ts';
import { address, afterSteps, emptyHost, link, paths, route } from '../../support/host-state.ts';
import { readmeExample } from '../../support/readme-example.ts';
import { block, network, otherHostId, snapshotOf } from '../../support/snapshots.ts';

const objects: SnapshotObject[] = [
  network('corral', '10.42.0.0/16', { isDefault: true }),
  network('back', '10.50.0.0/16', { driver: 'none', mtu: 9000 }),
  network('elsewhere', '10.60.0.0/16'),
  block('corral', '10.42.7.0/24'),
  block('corral', '10.42.8.0/24', otherHostId),
  block('back', '10.50.1.0/24'),
  block('elsewhere', '10.60.1.0/24', otherHostId),
];

function plan(have: HostState, wanted: readonly SnapshotObject[] = objects, complete = true): NetworksPlan {
  return planNetworks({ networks: wantNetworks(snapshotOf(wanted)), complete, paths, leases: [] }, have);
}

const texts = (steps: readonly Step[]): string[] => steps.map(describeStep);

t.test('a host that has nothing gets everything, in the order in which it is possible', async (t) => {
  const { steps, faults } = plan(emptyHost);
  t.same(faults, []);
  t.same(texts(steps), [
    'set net.ipv4.ip_forward to 1',
    'add route unreachable 10.50.0.0/16',
    'make bridge corral-back mac 0a:58:0a:32:01:01 mtu 9000 up',
    'set net/ipv4/conf/corral-back/rp_filter to 1',
    'set net/ipv6/conf/corral-back/accept_ra to 0',
    'add address 10.50.1.1/24 to corral-back',
    'add route unreachable 10.42.0.0/16',
    'make bridge corral0 mac 0a:58:0a:2a:07:01 mtu 1450 up',
    'set net/ipv4/conf/corral0/rp_filter to 1',
    'set net/ipv6/conf/corral0/accept_ra to 0',
    'add address 10.42.7.1/24 to corral0',
    'write /run/corral/blocks/back.json',
    'write /etc/cni/back.d/10-corral.conflist',
    'write /run/corral/blocks/corral.json',
    'write /etc/cni/corral.d/10-corral.conflist',
  ]);
});

t.test('what the files say', async (t) => {
  const bodies = plan(emptyHost).steps.flatMap((step) => (step.do === 'file' ? [step.body] : []));
  t.equal(
    bodies[2],
    '{"version":1,"network":"corral","subnet":"10.42.0.0/16","cidrs":["10.42.7.0/24"],"gateway":"10.42.7.1","bridge":"corral0","mtu":1450}\n',
  );
  t.same(JSON.parse(bodies[3]!), {
    cniVersion: '1.0.0',
    name: 'corral',
    generatedBy: 'corral',
    plugins: [
      {
        type: 'corral-bridge',
        ipam: { type: 'corral-ipam' },
        capabilities: { portMappings: true, ips: true, mac: true, dns: true },
      },
    ],
  });
});

const done = afterSteps(emptyHost, plan(emptyHost).steps);

t.test('the second time there is nothing to do', async (t) => {
  t.same(plan(done), { steps: [], faults: [], refused: new Set() });
});

t.test('what somebody damages comes back, alone', async (t) => {
  const without = (change: Partial<HostState>): string[] => texts(plan({ ...done, ...change }).steps);
  const changeLink = (name: string, change: Partial<HaveLink>): Partial<HostState> => ({
    links: done.links.map((one) => (one.name === name ? { ...one, ...change } : one)),
  });
  const corral0 = 'make bridge corral0 mac 0a:58:0a:2a:07:01 mtu 1450 up';
  t.same(without({ addresses: done.addresses.slice(0, -1) }), ['add address 10.42.7.1/24 to corral0']);
  t.same(without({ routes: done.routes.slice(0, -1) }), ['add route unreachable 10.42.0.0/16']);
  t.same(without(changeLink('corral0', { up: false })), [corral0]);
  t.same(without(changeLink('corral0', { mtu: 1400 })), [corral0]);
  t.same(without(changeLink('corral0', { mac: '02:00:00:00:00:01' })), [corral0]);
  t.same(without(changeLink('corral0', { alias: undefined })), [corral0]);
  t.same(without({ sysctls: new Map([...done.sysctls, ['net/ipv4/ip_forward', '0']]) }), [
    'set net.ipv4.ip_forward to 1',
  ]);
  t.same(without({ sysctls: new Map([...done.sysctls, ['net/ipv6/conf/corral0/accept_ra', '1']]) }), [
    'set net/ipv6/conf/corral0/accept_ra to 0',
  ]);
  t.same(without({ files: new Map([...done.files, ['/run/corral/blocks/corral.json', '']]) }), [
    'write /run/corral/blocks/corral.json',
  ]);
  const noBridge = without({
    links: done.links.filter(({ name }) => name !== 'corral0'),
    addresses: done.addresses.slice(0, -1),
  });
  t.same(noBridge, [
    corral0,
    'set net/ipv4/conf/corral0/rp_filter to 1',
    'set net/ipv6/conf/corral0/accept_ra to 0',
    'add address 10.42.7.1/24 to corral0',
  ]);
});

t.test('a kernel without IPv6 lacks a setting, and that is no difference', async (t) => {
  const sysctls = new Map([...done.sysctls].filter(([path]) => !path.includes('ipv6')));
  t.same(plan({ ...done, sysctls }).steps, []);
});

t.test('a network that goes', async (t) => {
  const left = objects.filter((one) => !('name' in one && one.name === 'back'));
  t.same(texts(plan(done, left).steps), [
    'remove /run/corral/blocks/back.json',
    'remove /etc/cni/back.d/10-corral.conflist',
    'remove bridge corral-back',
    'remove route unreachable 10.50.0.0/16',
  ]);
  t.same(plan(done, left, false).steps, [], 'not on the word of a stale snapshot');
  const bridge = done.links.find(({ name }) => name === 'corral-back')!;
  const busy = { ...done, links: [...done.links, link(70, 'vethr1', { kind: 'veth', master: bridge.index })] };
  const { steps, faults } = plan(busy, left);
  t.notMatch(texts(steps).join(), 'remove bridge');
  t.same(
    faults.map(({ code, network }) => [code, network]),
    [['SUBNET_IN_USE', 'back']],
  );
});

t.test('a block that changes', async (t) => {
  const moved = [...objects.filter((one) => one.id !== 'corral/10.42.7.0/24'), block('corral', '10.42.9.0/24')];
  const texted = texts(plan(done, moved).steps);
  t.same(texted, [
    'make bridge corral0 mac 0a:58:0a:2a:09:01 mtu 1450 up',
    'add address 10.42.9.1/24 to corral0',
    'write /run/corral/blocks/corral.json',
    `remove address 10.42.7.1/24 from device ${done.links.find(({ name }) => name === 'corral0')!.index}`,
  ]);
});

t.test('a second block of this host', async (t) => {
  const more = [...objects, block('corral', '10.42.9.0/24')];
  const { steps } = plan(done, more);
  t.same(texts(steps), ['add route 10.42.9.0/24 dev corral0', 'write /run/corral/blocks/corral.json']);
  const both = afterSteps(done, steps);
  t.same(plan(both, more).steps, []);
  t.same(texts(plan(both).steps), ['write /run/corral/blocks/corral.json', 'remove route unicast 10.42.9.0/24']);
});

t.test('what others have put there stays', async (t) => {
  const corral0 = done.links.find(({ name }) => name === 'corral0')!;
  const have: HostState = {
    ...done,
    links: [...done.links, link(80, 'corral-mine', { kind: 'bridge' }), link(81, 'br-lan', { kind: 'bridge' })],
    addresses: [...done.addresses, address(corral0.index, '192.0.2.99/24'), address(81, '192.168.1.1/24')],
    routes: [
      ...done.routes,
      route('10.42.200.9/32', { index: corral0.index, own: true }),
      route('10.42.8.0/24', { index: 90, own: true, hasGateway: true }),
      route('10.99.0.0/16', { type: 'unreachable' }),
      route('10.98.0.0/16', { type: 'unreachable', metric: 0xffffffff }),
    ],
    files: new Map([
      ...done.files,
      ['/etc/cni/net.d/10-corral.conflist', '{"name":"theirs"}'],
      ['/etc/cni/own.d/10-corral.conflist', 'not even JSON'],
    ]),
  };
  t.same(plan(have).steps, []);
});

t.test('a configuration that a person took over is not written again', async (t) => {
  const files = new Map([...done.files, ['/etc/cni/corral.d/10-corral.conflist', '{"name":"corral","mine":true}']]);
  t.same(plan({ ...done, files }).steps, []);
});

t.test('a name that is another kind of device', async (t) => {
  const have = { ...emptyHost, links: [...emptyHost.links, link(9, 'corral0', { kind: 'dummy' })] };
  const { steps, faults, refused } = plan(have);
  t.same(
    faults.map(({ code, network }) => [code, network]),
    [['BRIDGE_NOT_A_BRIDGE', 'corral']],
  );
  t.same([...refused], ['corral']);
  t.notMatch(texts(steps).join(), /corral0|10\.42/);
  t.match(texts(steps).join(), 'corral-back', 'the other goes on');
});

t.test('a range that the host routes elsewhere', async (t) => {
  const foreign = { ...emptyHost, routes: [...emptyHost.routes, route('10.42.0.0/24', { index: 2 })] };
  const { steps, faults, refused } = plan(foreign);
  t.same([...refused], ['corral']);
  t.equal(faults[0]!.code, 'SUBNET_OVERLAP');
  t.match(faults[0]!.text, "10.42.0.0/16 overlaps the host's route 10.42.0.0/24 through eth0; 10.44.0.0/16 is free");
  t.notMatch(texts(steps).join(), /corral0/);
  const standing = plan({ ...done, routes: [...done.routes, route('10.42.0.0/24', { index: 2 })] });
  t.same(
    standing.faults.map(({ code }) => code),
    ['SUBNET_OVERLAP'],
    'reported',
  );
  t.same([standing.steps, [...standing.refused]], [[], []], 'but containers that have it keep it');
  const bare = { ...emptyHost, addresses: [...emptyHost.addresses, address(2, '10.42.3.3/32')] };
  t.same([...plan(bare).refused], ['corral'], 'an address without a route to its range');
});

t.test('two networks with one bridge do not fight for it', async (t) => {
  const twins = [...objects, network('zwei', '10.70.0.0/16', { bridge: 'corral0' }), block('zwei', '10.70.1.0/24')];
  const { faults, refused } = plan(emptyHost, twins);
  t.same([...refused], ['zwei']);
  t.equal(faults[0]!.code, 'CONFIG_INVALID');
});

t.test('the MTU leaves room for the longer header where agent addresses are IPv6', async (t) => {
  const corral0 = (agentIp: string, driver: 'vxlan' | 'ipsec' | 'none'): string => {
    const wanted = [hostObject(1, { agentIp }), network('corral', '10.42.0.0/16', { isDefault: true, driver })];
    return texts(plan(emptyHost, [...wanted, block('corral', '10.42.7.0/24')]).steps).find((text) =>
      text.includes('bridge corral0'),
    )!;
  };
  t.match(corral0('192.0.2.1', 'vxlan'), 'mtu 1450');
  t.match(corral0('fd50::1', 'vxlan'), 'mtu 1430');
  t.match(corral0('192.0.2.1', 'ipsec'), 'mtu 1402');
  t.match(corral0('fd50::1', 'ipsec'), 'mtu 1382');
  t.match(corral0('fd50::1', 'none'), 'mtu 1500');
});

t.test('the MTU follows the best default route', async (t) => {
  const mtu = (routes: HostState['routes']): string =>
    texts(plan({ ...emptyHost, routes }).steps).find((text) => text.includes('bridge corral0'))!;
  t.match(mtu([]), 'mtu 1450', 'without one Ethernet is assumed');
  t.match(
    mtu([route('0.0.0.0/0', { index: 2, metric: 100 }), route('0.0.0.0/0', { index: 3, metric: 50 })]),
    'mtu 8950',
  );
  t.match(
    mtu([route('0.0.0.0/0', { type: 'unreachable' }), route('0.0.0.0/0', { index: 1, metric: 50 })]),
    'mtu 65486',
  );
});

t.test('names that would not fit into a device, a path or a rule are left out', async (t) => {
  for (const wish of [
    { name: '../x' },
    { name: 'a b' },
    { bridge: 'eth0' },
    { bridge: 'corral0 -j' },
    { subnet: '10.1.0.0' },
  ]) {
    const {
      name = 'n',
      bridge = 'corral-n',
      subnet = '10.1.0.0/16',
    }: { name?: string; bridge?: string; subnet?: string } = wish;
    const bad = [{ ...network(name, '10.1.0.0/16', { bridge }), subnet }, block(name, '10.1.1.0/24')];
    t.same(wantNetworks(snapshotOf(bad)), [], JSON.stringify(wish));
  }
  t.same(
    wantNetworks(snapshotOf([network('n', '10.1.0.0/16'), block('n', '10.2.0.0/24')])),
    [],
    'a block of elsewhere',
  );
});

t.test('the example of the README', async (t) => {
  const few = [network('corral', '10.42.0.0/16', { isDefault: true }), block('corral', '10.42.7.0/24')];
  const text = texts(plan(emptyHost, few).steps).map((line) => `${line}\n`);
  t.equal(readmeExample('daemons/network-manager/networks/README.md'), text.join(''));
});
