// Pure: how large packets inside a network may be: what its driver puts around them is left free of what the uplink carries.
import { overheadOf } from '../shared/model/networks.ts';
import type { Driver } from '../shared/model/objects.ts';
import type { HostFacts } from './host-facts.ts';
import { familyOfTunnel, type OverlayNetwork, type Peer } from './overlay-network.ts';

/** Of a host without a known uplink: Ethernet's. */
const usualMtu = 1_500;
/** Every host takes packets of this size (RFC 791). */
const smallestMtu = 576;
const largestMtu = 65_535;
/** Outer header, UDP, and WireGuard's header and tag (16 and 16). */
const wireguardHeaders = { 4: 20 + 8 + 32, 6: 40 + 8 + 32 } as const;

/** As configured, but never more than the uplink carries: what is larger would be cut into pieces, or lost. */
export function deviceMtu(network: OverlayNetwork, facts: HostFacts): number {
  return inside(network, uplinkMtu(network, facts), familyOfTunnel(network.self));
}

/** The largest packet that reaches a peer whole. */
export function mtuTo(network: OverlayNetwork, peer: Peer, facts: HostFacts): number {
  const path = facts.paths.get(peer.address);
  if (!path) return deviceMtu(network, facts);
  const outside = Math.min(path.mtu, facts.addresses.get(network.self.address) ?? path.mtu);
  return inside(network, outside, familyOfTunnel(peer));
}

function inside({ driver, mtu }: OverlayNetwork, outside: number, family: 4 | 6): number {
  const most = outside - headersOf(driver, family);
  return Math.min(largestMtu, Math.max(smallestMtu, Math.min(most, mtu ?? most)));
}

/**
 * That of the device with this host's agent address. Behind a translation the host itself does not have that address: then the
 * widest of the ways to its peers; routes say where one is narrower.
 */
function uplinkMtu({ self, peers }: OverlayNetwork, { addresses, paths }: HostFacts): number {
  const own = addresses.get(self.address);
  if (own !== undefined) return own;
  const ways = peers.flatMap(({ address }) => paths.get(address)?.mtu ?? []);
  return ways.length > 0 ? Math.max(...ways) : usualMtu;
}

/** Without the room that containers leave for the other family (`driverOverhead`). */
function headersOf(driver: Driver, family: 4 | 6): number {
  return driver === 'wireguard' ? wireguardHeaders[family] : overheadOf(driver, family);
}
