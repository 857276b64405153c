import t from 'tap';
import type { HostFacts } from '../../../daemons/overlay/host-facts.ts';
import { deviceMtu, mtuTo } from '../../../daemons/overlay/mtu.ts';
import type { OverlayNetwork } from '../../../daemons/overlay/overlay-network.ts';
import type { Driver } from '../../../daemons/shared/model/objects.ts';
import { blockObject, hostObject, networkObject } from '../../fixtures/overlay-objects.ts';
import { ip, wishOf } from './support.ts';

/** Of host 1 among three, over the family of `prefix`. */
function networkOf(driver: Driver, prefix = '192.168.50.1', mtu: number | null = null): OverlayNetwork {
  const numbers = [1, 2, 3];
  const hosts = numbers.map((number) => hostObject(number, { agentIp: `${prefix}${number}` }));
  const objects = [networkObject('corral', { mtu }), ...hosts, ...numbers.map((number) => blockObject(number))];
  return { ...wishOf(objects).networks[0]!, driver };
}

/** @param ways MTUs of the ways to hosts 2 and 3 */
function factsOf({ self, peers }: OverlayNetwork, own: number | undefined, ...ways: (number | undefined)[]): HostFacts {
  const paths = peers.flatMap(({ address }, at) => {
    const mtu = ways[at];
    return mtu === undefined ? [] : [[address, { index: 2, onLink: false, mtu }] as const];
  });
  return { addresses: new Map(own === undefined ? [] : [[self.address, own]]), paths: new Map(paths) };
}

t.test('each driver has headers of its own, longer over IPv6', async (t) => {
  const sizes = (driver: Driver): number[] =>
    ['192.168.50.1', 'fd50::1'].map((prefix) => {
      const network = networkOf(driver, prefix);
      return deviceMtu(network, factsOf(network, 1_500));
    });
  t.same(sizes('vxlan'), [1_450, 1_430]);
  t.same(sizes('ipsec'), [1_402, 1_382]);
  t.same(sizes('wireguard'), [1_440, 1_420]);
});

t.test('a narrower way has its own size, and none is wider than the uplink or than configured', async (t) => {
  const network = networkOf('wireguard');
  const facts = factsOf(network, 1_500, 1_400, 9_000);
  t.equal(deviceMtu(network, facts), 1_440);
  t.same(
    network.peers.map((peer) => mtuTo(network, peer, facts)),
    [1_340, 1_440],
  );
  const small = networkOf('wireguard', '192.168.50.1', 1_300);
  t.same([deviceMtu(small, facts), ...small.peers.map((peer) => mtuTo(small, peer, facts))], [1_300, 1_300, 1_300]);
  t.equal(deviceMtu(network, factsOf(network, 500)), 576, 'every host takes this much');
});

t.test('a host without its agent address goes by the ways to its peers', async (t) => {
  const network = networkOf('ipsec');
  t.equal(network.self.address, ip('192.168.50.11'));
  const sizes = (...ways: (number | undefined)[]): number[] => {
    const facts = factsOf(network, undefined, ...ways);
    return [deviceMtu(network, facts), ...network.peers.map((peer) => mtuTo(network, peer, facts))];
  };
  t.same(sizes(1_460, 1_460), [1_362, 1_362, 1_362], 'as in a cloud that translates addresses');
  t.same(sizes(9_001, 1_500), [8_903, 8_903, 1_402]);
  t.same(sizes(1_460, undefined), [1_362, 1_362, 1_362]);
  t.same(sizes(undefined, undefined), [1_402, 1_402, 1_402], 'an unknown uplink is taken for Ethernet');
});
