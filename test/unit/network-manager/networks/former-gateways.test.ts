import t from 'tap';
import type { Lease } from '../../../../cni-plugins/library.ts';
import { formerOf, mayHaveFormer } from '../../../../daemons/network-manager/networks/former-gateways.ts';
import { planNetworks } from '../../../../daemons/network-manager/networks/plan-networks.ts';
import { describeStep } from '../../../../daemons/network-manager/networks/steps.ts';
import { wantNetworks } from '../../../../daemons/network-manager/networks/want-networks.ts';
import { leaseOf } from '../../cni-plugins/ipam/support/lease-of.ts';
import { afterSteps, emptyHost, paths } from '../../support/host-state.ts';
import { block, network, otherHostId, snapshotOf } from '../../support/snapshots.ts';

const corral = network('corral', '10.42.0.0/16', { isDefault: true });
const before = wantNetworks(snapshotOf([corral, block('corral', '10.42.7.0/24')]));
/** The block is another host's now, and this one has a new one. */
const after = wantNetworks(
  snapshotOf([corral, block('corral', '10.42.7.0/24', otherHostId), block('corral', '10.42.9.0/24')]),
);

function lease(address: string, gateway: string): Lease {
  const plain = leaseOf(address, [`${address}/24`]);
  const ips = [{ address: `${address}/24`, gateway }];
  return { ...plain, result: { ...plain.result, ips } };
}

const old = lease('10.42.7.5', '10.42.7.1');
const young = lease('10.42.9.5', '10.42.9.1');

t.test('a block that is another host’s by now: its gateway stays for the containers that use it', async (t) => {
  const plan = (networks: typeof after, leases: readonly Lease[], have: typeof emptyHost) =>
    planNetworks({ networks, complete: true, paths, leases }, have).steps;
  const host = afterSteps(emptyHost, plan(before, [], emptyHost));
  t.notOk(mayHaveFormer(before[0]!, host));
  t.ok(mayHaveFormer(after[0]!, host));
  const steps = plan(after, [old, young], host);
  t.same(steps.map(describeStep), [
    'add address 10.42.9.1/24 to corral0',
    'add address 10.42.7.1/32 to corral0',
    'add route 10.42.7.5/32 dev corral0',
    'write /run/corral/blocks/corral.json',
    'remove address 10.42.7.1/24 from device 4',
  ]);
  const changed = afterSteps(host, steps);
  t.same(plan(after, [old, young], changed), [], 'and then there is nothing to do');
  t.equal(changed.links.find(({ name }) => name === 'corral0')?.mac, '0a:58:0a:2a:07:01', 'containers know this MAC');
  t.same(plan(after, [young], changed).map(describeStep), [
    'make bridge corral0 mac 0a:58:0a:2a:09:01 mtu 1450 up',
    'remove address 10.42.7.1/32 from device 4',
  ]);
});

t.test('whose gateway counts', async (t) => {
  const none = { gateways: [], users: [] };
  t.same(formerOf(after[0]!, [young]), none);
  t.same(formerOf(after[0]!, [{ ...old, phase: 'reserved' }]), none);
  t.same(formerOf(after[0]!, [{ ...old, network: 'other' }]), none);
  t.same(formerOf(after[0]!, [{ ...old, bridge: 'br-mine' }]), none, 'on a bridge of its own configuration');
  t.same(formerOf(after[0]!, [lease('192.0.2.5', '192.0.2.1')]), none, 'out of the network');
  t.equal(formerOf(after[0]!, [old, lease('10.42.7.6', '10.42.7.1')]).users.length, 2);
});
