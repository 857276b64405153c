import t from 'tap';
import type { HostState } from '../../../../daemons/network-manager/networks/host-state.ts';
import { type NetworksPlan, planNetworks } from '../../../../daemons/network-manager/networks/plan-networks.ts';
import { describeStep, type Step } from '../../../../daemons/network-manager/networks/steps.ts';
import { wantNetworks } from '../../../../daemons/network-manager/networks/want-networks.ts';
import type { SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import { afterSteps, emptyHost, paths, route } from '../../support/host-state.ts';
import { block, hostId, network, snapshotOf } from '../../support/snapshots.ts';

function plan(have: HostState, wanted: readonly SnapshotObject[]): NetworksPlan {
  return planNetworks({ networks: wantNetworks(snapshotOf(wanted)), complete: true, paths, leases: [] }, have);
}

const texts = (steps: readonly Step[]): string[] => steps.map(describeStep);

const six = [
  network('corral', '10.42.0.0/16', { isDefault: true, subnet6: 'fd42::/48' }),
  block('corral', '10.42.7.0/24', hostId, { cidr6: 'fd42:0:0:7::/64' }),
];
const dualHost: HostState = {
  ...emptyHost,
  routes: [...emptyHost.routes, route('::/0', { index: 2, hasGateway: true }), route('fe80::/64', { index: 3 })],
  sysctls: new Map([
    ...emptyHost.sysctls,
    ['net/ipv6/conf/all/forwarding', '0'],
    ['net/ipv6/conf/eth0/accept_ra', '1'],
  ]),
};

t.test('a network with IPv6 beside', async (t) => {
  const { steps, faults } = plan(dualHost, six);
  t.same(faults, []);
  t.same(texts(steps), [
    'set net.ipv4.ip_forward to 1',
    'set net.ipv6.conf.all.forwarding to 1, accept_ra of eth0 to 2',
    'add route unreachable 10.42.0.0/16',
    'add route unreachable fd42::/48',
    'make bridge corral0 mac 0a:58:0a:2a:07:01 mtu 1450 up',
    'set net/ipv4/conf/corral0/rp_filter to 1',
    'set net/ipv6/conf/corral0/accept_ra to 0',
    'set net/ipv6/conf/corral0/disable_ipv6 to 0',
    'add address 10.42.7.1/24 to corral0',
    'add address fd42:0:0:7::1/64 to corral0',
    'write /run/corral/blocks/corral.json',
    'write /etc/cni/corral.d/10-corral.conflist',
  ]);
  const made = afterSteps(dualHost, steps);
  t.same(plan(made, six).steps, [], 'the second time there is nothing to do');
  const body = steps.flatMap((step) =>
    step.do === 'file' && step.path.endsWith('.json') ? [JSON.parse(step.body)] : [],
  );
  t.match(body[0], { cidrs6: ['fd42:0:0:7::/64'], gateway6: 'fd42:0:0:7::1', subnet6: 'fd42::/48' });
  const four = [network('corral', '10.42.0.0/16', { isDefault: true }), block('corral', '10.42.7.0/24')];
  t.same(texts(plan(made, four).steps), [
    'write /run/corral/blocks/corral.json',
    'remove address fd42:0:0:7::1/64 from device 4',
    'remove route unreachable fd42::/48',
  ]);
});

t.test('a host whose kernel has no IPv6 gets the rest', async (t) => {
  t.notMatch(texts(plan(emptyHost, six).steps).join(), /forwarding/);
});

t.test('a further block lies behind the first, whatever its number', async (t) => {
  const more = [
    network('corral', '10.42.0.0/16', { isDefault: true, subnet6: 'fd42::/48' }),
    block('corral', '10.42.3.0/24', hostId, { cidr6: 'fd42:0:0:3::/64', extra: true }),
    block('corral', '10.42.7.0/24', hostId, { cidr6: 'fd42:0:0:7::/64' }),
  ];
  const { steps } = plan(dualHost, more);
  t.same(
    texts(steps).filter((text) => /address|dev /.test(text)),
    [
      'add address 10.42.7.1/24 to corral0',
      'add address fd42:0:0:7::1/64 to corral0',
      'add route 10.42.3.0/24 dev corral0',
      'add route fd42:0:0:3::/64 dev corral0',
    ],
  );
  const made = afterSteps(dualHost, steps);
  t.same(plan(made, more).steps, []);
  t.same(texts(plan(made, six).steps), [
    'write /run/corral/blocks/corral.json',
    'remove route unicast 10.42.3.0/24',
    'remove route unicast fd42:0:0:3::/64',
  ]);
});

t.test('a flat network needs no block', async (t) => {
  const flat = [network('flat', '10.43.0.0/16', { driver: 'none', mtu: 1500, blocks: 'none' })];
  t.same(texts(plan(emptyHost, flat).steps), [
    'set net.ipv4.ip_forward to 1',
    'add route unreachable 10.43.0.0/16',
    'make bridge corral-flat mac 0a:58:0a:2b:00:01 mtu 1500 up',
    'set net/ipv4/conf/corral-flat/rp_filter to 1',
    'set net/ipv6/conf/corral-flat/accept_ra to 0',
    'set net/ipv4/conf/corral-flat/proxy_arp to 1',
    'set net/ipv4/neigh/corral-flat/proxy_delay to 0',
    'add address 10.43.0.1/16 to corral-flat',
    'write /run/corral/blocks/flat.json',
    'write /etc/cni/flat.d/10-corral.conflist',
  ]);
});
