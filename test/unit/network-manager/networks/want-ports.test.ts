import t from 'tap';
import type { Lease } from '../../../../cni-plugins/ipam/lease.ts';
import type { HaveLink, HostState } from '../../../../daemons/network-manager/networks/host-state.ts';
import { planNetworks } from '../../../../daemons/network-manager/networks/plan-networks.ts';
import { describeStep, type Step } from '../../../../daemons/network-manager/networks/steps.ts';
import { wantNetworks } from '../../../../daemons/network-manager/networks/want-networks.ts';
import { afterSteps, emptyHost, link, paths } from '../../support/host-state.ts';
import { block, network, snapshotOf } from '../../support/snapshots.ts';

const objects = [network('corral', '10.42.0.0/16', { isDefault: true }), block('corral', '10.42.7.0/24')];
const steps = (have: HostState, ...leases: Lease[]): readonly Step[] =>
  planNetworks({ networks: wantNetworks(snapshotOf(objects)), complete: true, paths, leases }, have).steps;
const done = afterSteps(emptyHost, steps(emptyHost));

t.test('links that lost their bridge are put back, as ADD had them', async (t) => {
  const lease: Lease = {
    version: 1,
    phase: 'done',
    containerId: 'c1',
    ifname: 'eth0',
    network: 'corral',
    netnsPath: '/proc/1/ns/net',
    netnsInode: 1,
    bootId: 'boot',
    addresses: ['10.42.7.9/24'],
    mac: '0a:58:0a:2a:07:09',
    bridge: 'corral0',
    hostVeth: 'vethr1',
    config: { cniVersion: '1.0.0', name: 'corral', type: 'corral-bridge' },
    args: {},
    result: { interfaces: [], ips: [], routes: [], dns: {} },
    createdAt: 1,
    attachment: {
      name: 'c1',
      externalId: 'c1',
      engine: 'cni',
      labels: {},
      ports: [],
      hostname: null,
      containerUuid: null,
    },
  };
  const stray = link(90, 'vethr1', { kind: 'veth', alias: 'corral:corral:c1:eth0' });
  const having = (...links: HaveLink[]): HostState => ({ ...done, links: [...done.links, ...links] });
  const found = steps(having(stray), lease);
  t.same(found.map(describeStep), ['put vethr1 back on corral0']);
  t.match(found[0], { plan: { locked: true, hairpin: true, mac: '0a:58:0a:2a:07:09', hostRoutes: [] } });
  const planned = (device: HaveLink, one: Lease): string[] => steps(having(device), one).map(describeStep);
  t.same(planned({ ...stray, master: 4 }, lease), [], 'not one that is on a bridge');
  t.same(planned({ ...stray, alias: 'corral:corral:c2:eth0' }, lease), [], "not another attachment's");
  t.same(planned(stray, { ...lease, phase: 'reserved' }), [], 'not one that ADD is making');
  t.same(planned(stray, { ...lease, network: 'gone' }), [], 'not one of a former network');
  t.same(planned(stray, { ...lease, bridge: 'other0' }), [], 'not one that was put on another bridge');
  t.same(
    planned(stray, { ...lease, config: { ...lease.config, mtu: 'x' } }),
    [],
    'not with a configuration that is damaged',
  );
});
