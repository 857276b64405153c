import t from 'tap';
import { renderAddress, renderRange } from '../../../daemons/overlay/addresses.ts';
import type { OverlayNetwork, Wish } from '../../../daemons/overlay/overlay-network.ts';
import { OverrideIndex } from '../../../daemons/overlay/overrides.ts';
import { wantNetworks } from '../../../daemons/overlay/want-networks.ts';
import { vniOf } from '../../../daemons/shared/model/networks.ts';
import { keyOf, type SnapshotObject } from '../../../daemons/shared/model/objects.ts';
import { noChange, objectsOf, type Snapshot } from '../../../daemons/shared/model/snapshot.ts';
import { blockObject, cluster, containerObject, hostObject, networkObject } from '../../fixtures/overlay-objects.ts';
import { drivers, randomFrom, snapshotOf, wishOf } from './support.ts';

const only = (objects: readonly SnapshotObject[]): OverlayNetwork => wishOf(objects).networks[0]!;
const peersOf = ({ peers }: OverlayNetwork): string[] =>
  peers.map(
    ({ host, via, ranges, ranges6 }) =>
      `${host} via ${renderAddress(via)}: ${[...ranges, ...ranges6].map(renderRange).join(' ')}`,
  );

t.test('one network, three hosts', async (t) => {
  const network = only(cluster(3));
  t.match(network, { name: 'corral', vni: 1042, bridge: 'corral0', flat: false, direct: false, mtu: undefined });
  t.same(network.self.gateways.map(renderAddress), ['10.42.1.1']);
  t.same(peersOf(network), ['node-2 via 10.42.2.0: 10.42.2.0/24', 'node-3 via 10.42.3.0: 10.42.3.0/24']);
  t.same(
    network.peers.map(({ gateway }) => renderAddress(gateway!)),
    ['10.42.2.1', '10.42.3.1'],
  );
});

t.test('blocks, single addresses and IPv6 of a peer', async (t) => {
  const network = only([
    networkObject('corral', { subnet6: 'fd42::/48', block6: 64 }),
    hostObject(1),
    hostObject(2),
    blockObject(1, undefined, { cidr6: 'fd42:0:0:1::/64' }),
    blockObject(2, '10.42.9.0/24', { cidr6: 'fd42:0:0:9::/64' }),
    blockObject(2, '10.42.2.0/24', { cidr6: 'fd99::/64' }),
    containerObject(2, '10.42.1.7'),
    containerObject(2, '10.43.0.1'),
  ]);
  t.same(
    peersOf(network),
    ['node-2 via 10.42.2.0: 10.42.2.0/24 10.42.9.0/24 10.42.1.7/32 fd42:0:0:9::/64'],
    'sorted, and what lies outside is nobody’s',
  );
  t.same(network.self.gateways6, ['fd42:0:0:1::1']);
  t.match(network.peers[0]!.via6, /^fe80::c00:/);
});

t.test(
  'a host that has nothing of the network is no peer; one without a block is reached by its address',
  async (t) => {
    const network = only([...cluster(1), hostObject(2), hostObject(3), containerObject(3, '10.42.200.1')]);
    t.same(peersOf(network), ['node-3 via 192.168.50.13: 10.42.200.1/32']);
    t.equal(network.peers[0]!.gateway, undefined);
  },
);

t.test('an address on two hosts: ours first, then the lower id', async (t) => {
  const objects = cluster(3);
  const both = [containerObject(3, '10.42.200.1', { id: 'b' }), containerObject(2, '10.42.200.1', { id: 'a' })];
  for (const containers of [both, both.toReversed()]) {
    t.match(peersOf(only([...objects, ...containers])), [/10\.42\.200\.1/, /^(?!.*10\.42\.200\.1)/]);
  }
  const ours = containerObject(1, '10.42.200.1', { id: 'c' });
  t.notMatch(peersOf(only([...objects, ours, ...both])).join(), '10.42.200.1');
});

t.test('which networks are made', async (t) => {
  const names = (objects: readonly SnapshotObject[]): string[] => wishOf(objects).networks.map(({ name }) => name);
  const hosts = [hostObject(1), hostObject(2)];
  t.same(names([networkObject(), ...hosts, blockObject(2)]), [], 'this host has no part in it');
  t.same(names([networkObject('x', { driver: 'none' }), ...hosts, blockObject(1, undefined, { network: 'x' })]), []);
  t.same(names([networkObject('x', { driver: 'ipsec' }), ...hosts, blockObject(1, undefined, { network: 'x' })]), []);
  t.same(names([networkObject('flat', { blocks: 'none' }), ...hosts]), ['flat']);
  t.same(names([networkObject('a/b'), ...hosts, blockObject(1, undefined, { network: 'a/b' })]), []);
  t.same(names([networkObject('x', { bridge: 'a b' }), ...hosts, blockObject(1, undefined, { network: 'x' })]), []);
});

t.test('VNIs: configured, or by the name; two networks never share one', async (t) => {
  const { vni: _, ...plain } = networkObject('blue', { subnet: '10.43.0.0/16' });
  const block = blockObject(1, '10.43.1.0/24', { network: 'blue' });
  t.equal(only([plain, hostObject(1), block]).vni, vniOf('blue', false));
  const wish = wishOf([...cluster(1), networkObject('blue', { subnet: '10.43.0.0/16', vni: 1042 }), block]);
  t.same(
    wish.networks.map(({ name }) => name),
    ['corral'],
    'the default network keeps it',
  );
  t.match(wish.faults, [{ network: 'blue', code: 'VNI_TAKEN' }]);
});

t.test('a block that is ours or of another range takes nothing away', async (t) => {
  const wish = wishOf([...cluster(2), blockObject(2, '10.42.1.128/25'), blockObject(2, '10.99.0.0/24')]);
  t.same(peersOf(wish.networks[0]!), ['node-2 via 10.42.2.0: 10.42.2.0/24']);
  t.match(wish.faults, [
    { code: 'PEER_INVALID', text: /10\.42\.1\.128\/25/ },
    { code: 'PEER_INVALID', text: /10\.99\.0\.0/ },
  ]);
});

t.test('half a snapshot removes nothing', async (t) => {
  t.equal(wishOf(cluster(2)).complete, true);
  t.equal(wishOf(cluster(2), { complete: false }).complete, false);
  const without = cluster(2).filter((object) => object.kind !== 'host' || object.name !== 'node-1');
  const wish = wishOf(without);
  t.equal(wish.complete, false, 'this host is not in it');
  t.match(wish.faults, [{ network: 'corral', code: 'PEER_INVALID', text: /no agent address/ }]);
});

t.test('an unchanged peer is the same object, a changed one another', async (t) => {
  const objects = cluster(3);
  const [first] = only(objects).peers;
  t.equal(only([...objects, containerObject(3, '10.42.200.1')]).peers[0], first);
  t.not(only([...objects, containerObject(2, '10.42.200.1')]).peers[0], first);
});

t.test('what is kept from one snapshot for the next does not show', async (t) => {
  const random = randomFrom(5);
  const any = (most: number): number => 1 + Math.floor(random() * most);
  const changeAt = (): SnapshotObject => {
    const owner = any(12);
    const kind = random();
    if (kind < 0.3) return hostObject(owner, { agentIp: `192.168.50.${10 + any(14)}` });
    if (kind < 0.6) return blockObject(owner, `10.4${1 + any(2)}.${any(14)}.0/24`);
    if (kind < 0.8) return containerObject(owner, `10.42.${any(14)}.${any(3)}`);
    return networkObject('corral', { subnet: random() < 0.5 ? '10.42.0.0/15' : '10.42.0.0/16' });
  };
  let snapshot = snapshotOf(cluster(10));
  const overrides = new OverrideIndex();
  overrides.update(snapshot, noChange);
  const rounds: { wish: Wish; snapshot: Snapshot }[] = [];
  for (let round = 0; round < 300; round += 1) {
    const object = changeAt();
    const isGone = random() < 0.3 && object.kind !== 'network';
    const change = isGone ? { put: [], drop: [keyOf(object)] } : { put: [object], drop: [] };
    snapshot = snapshot.apply(change, { revision: round + 2, complete: true });
    rounds.push({ snapshot, wish: wantNetworks(snapshot, overrides.update(snapshot, change), drivers) });
  }
  // Afterwards: in between it would make what is kept useless.
  for (const [round, { wish, snapshot }] of rounds.entries()) {
    t.same(wish, wishOf(structuredClone([...objectsOf(snapshot)])), `round ${round}`);
  }
});
