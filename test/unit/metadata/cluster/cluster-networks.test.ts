import t from 'tap';
import { clusterNetworks } from '../../../../daemons/metadata/cluster/cluster-networks.ts';
import { hostConflicts } from '../../../../daemons/metadata/cluster/conflicts.ts';
import type { NetworkPlan } from '../../../../daemons/metadata/derive-networks.ts';
import { host, otherHostId } from '../../../fixtures/records.ts';

const plan = (name: string, subnet: string, differing: Partial<NetworkPlan> = {}): NetworkPlan => ({
  name,
  subnet,
  block: 24,
  driver: 'none',
  isDefault: false,
  mtu: null,
  hostPorts: true,
  ...differing,
});
const main = plan('corral', '10.42.0.0/16', { isDefault: true });

t.test('what the file has and the cluster has not is proposed', async (t) => {
  const side = plan('side', '10.50.0.0/16', { cniConfig: { 'a.conf': { type: 'x' } } });
  const { use, propose, drift } = clusterNetworks([main], [main, side]);
  t.same(use, [main]);
  t.same(propose, [plan('side', '10.50.0.0/16')], 'without what names programs');
  t.same(drift, []);
});

t.test('the store wins, and what differs is said', async (t) => {
  const { use, propose, drift } = clusterNetworks([main], [{ ...main, subnet: '10.99.0.0/16', mtu: 1400 }]);
  t.same([use, propose], [[main], []]);
  t.same(drift, [
    'corral: subnet is 10.42.0.0/16 in the cluster, 10.99.0.0/16 in the file',
    'corral: mtu is not set in the cluster, 1400 in the file',
  ]);
});

t.test('networks that cannot be beside each other: the older one counts', async (t) => {
  const young = [plan('late', '10.42.7.0/24'), plan('vx', '10.7.0.0/16', { driver: 'vxlan', vni: 7 })];
  const same = plan('vy', '10.8.0.0/16', { driver: 'vxlan', vni: 7 });
  const { use, drift, propose } = clusterNetworks([main, ...young, same], [plan('mine', '10.42.0.0/20')]);
  t.same(
    use.map(({ name }) => name),
    ['corral', 'vx'],
  );
  t.same(propose, []);
  t.match(drift, [/late .* overlaps corral/, /vy .* vx has the VNI 7/, /mine .* not proposed/]);
});

t.test('one network is the default, the first', async (t) => {
  const other = plan('other', '10.50.0.0/16', { isDefault: true });
  const { use } = clusterNetworks([main, other], []);
  t.same(
    use.map(({ isDefault }) => isDefault),
    [true, false],
  );
  t.same(clusterNetworks([main], [other]).propose, [{ ...other, isDefault: false }]);
});

t.test('a CNI configuration is that of the own file alone', async (t) => {
  const cniConfig = { 'a.conf': { type: 'evil' } };
  const own = { 'a.conf': { type: 'mine' } };
  t.equal(clusterNetworks([{ ...main, cniConfig }], []).use[0]!.cniConfig, undefined);
  t.same(clusterNetworks([{ ...main, cniConfig }], [{ ...main, cniConfig: own }]).use[0]!.cniConfig, own);
});

t.test('hosts of one name or address are named both', async (t) => {
  const own = host({ name: 'a', agentIp: '192.0.2.1' });
  t.same(hostConflicts(own, [own, host({ id: otherHostId, name: 'b', agentIp: '192.0.2.2' })]), []);
  t.match(hostConflicts(own, [host({ id: otherHostId, name: 'A', agentIp: '192.0.2.2' })]), [/a .* and A .* one name/]);
  t.match(hostConflicts(own, [host({ id: otherHostId, name: 'b', agentIp: '192.0.2.1' })]), [/one address/]);
  t.same(hostConflicts(host({ agentIp: null, name: 'x' }), [host({ id: otherHostId, agentIp: null, name: 'y' })]), []);
});
