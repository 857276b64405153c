import t from 'tap';
import {
  decideNetworks,
  type NetworkPlan,
  networkObject,
  parsePlan,
  planOf,
  withDriver,
} from '../../../daemons/metadata/derive-networks.ts';
import type { NetworkConfig } from '../../../daemons/shared/daemon/config-schema.ts';
import { vniOf } from '../../../daemons/shared/model/networks.ts';
import { clusterId } from '../../fixtures/records.ts';

const network = (name: string, subnet: string, differing: Partial<NetworkConfig> = {}): NetworkConfig => ({
  name,
  subnet,
  block: 24,
  driver: 'vxlan',
  default: false,
  mtu: 'auto',
  hostPorts: true,
  blocks: 'host' as const,
  block6: 64,
  direct: false,
  cniConfig: {},
  ...differing,
});
const plan = (name: string, subnet: string, differing: Partial<NetworkPlan> = {}): NetworkPlan => ({
  name,
  subnet,
  block: 24,
  driver: 'vxlan',
  isDefault: false,
  mtu: null,
  hostPorts: true,
  ...(differing.driver === undefined && { vni: vniOf(name, differing.isDefault ?? false) }),
  ...differing,
});
const remembered = (...plans: NetworkPlan[]) => new Map(plans.map((one) => [one.name, one]));
const nobody = (): boolean => false;
const somebody = (): boolean => true;

t.test('the configuration decides when nothing is attached', async (t) => {
  const before = remembered(plan('a', '10.1.0.0/16'), plan('gone', '10.9.0.0/16'), plan('same', '10.3.0.0/16'));
  const config = [network('a', '10.2.0.0/16'), network('same', '10.3.0.0/16', { mtu: 1400 })];
  t.same(decideNetworks(config.map(planOf), before, nobody), {
    use: [plan('a', '10.2.0.0/16'), plan('same', '10.3.0.0/16', { mtu: 1400 })],
    release: ['a', 'gone'],
    refused: [],
  });
});

t.test('attached containers keep their addresses, the rest of the network changes', async (t) => {
  const before = remembered(plan('a', '10.1.0.0/16'), plan('gone', '10.9.0.0/16'));
  const decision = decideNetworks(
    [planOf(network('a', '10.2.0.0/16', { mtu: 1400, driver: 'none' }))],
    before,
    somebody,
  );
  t.same(decision.use, [plan('a', '10.1.0.0/16', { mtu: 1400, driver: 'none' }), plan('gone', '10.9.0.0/16')]);
  t.same(decision.release, []);
  t.equal(decision.refused.length, 2);
});

t.test('a VNI that was asked for stays with the network whatever its driver is', async (t) => {
  const made = planOf(network('a', '10.1.0.0/16', { vni: 77 }));
  const secret = withDriver(made, 'ipsec');
  t.equal(secret.vni, 77);
  t.same(parsePlan(JSON.stringify(secret)), secret, 'over the store, too');
  t.same(planOf(network('a', '10.1.0.0/16', { vni: 77, driver: 'ipsec' })), secret, 'the file agrees');
  t.same(withDriver(secret, 'vxlan'), made);
  const usual = planOf(network('a', '10.1.0.0/16'));
  t.notOk('vni' in withDriver(usual, 'ipsec'), 'one that follows from the name is told of VXLAN alone');
  t.same(withDriver(withDriver(usual, 'ipsec'), 'vxlan'), usual);
});

t.test('a network that would overlap one in use waits, and there is one default', async (t) => {
  const before = remembered(plan('a', '10.1.0.0/16', { isDefault: true }));
  const config = [network('b', '10.1.128.0/17'), network('c', '10.7.0.0/16', { default: true })];
  const decision = decideNetworks(config.map(planOf), before, somebody);
  t.same(
    decision.use.map(({ name, isDefault }) => [name, isDefault]),
    [
      ['a', true],
      ['c', false],
    ],
  );
  t.match(decision.refused.join(), /b waits/);
});

t.test('remembered plans are checked', async (t) => {
  t.same(parsePlan(JSON.stringify(plan('a', '10.1.0.0/16'))), plan('a', '10.1.0.0/16'));
  for (const text of ['', '{', 'null', '{}', JSON.stringify(plan('a', '10.1.0.1/16'))])
    t.equal(parsePlan(text), undefined, text);
});

t.test('the object has an id of its name and the bridge of its kind', async (t) => {
  t.equal(networkObject(clusterId, plan('corral', '10.42.0.0/16', { isDefault: true })).bridge, 'corral0');
  t.equal(networkObject(clusterId, plan('blue', '10.43.0.0/16')).bridge, 'corral-blue');
});
