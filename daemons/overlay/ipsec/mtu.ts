// Pure: how large packets inside may be: what ESP in UDP takes is left free, and never more than the tunnel's device carries.
import { overheadOf } from '../../shared/model/networks.ts';
import type { HostFacts } from '../host-facts.ts';
import { familyOfTunnel, type OverlayNetwork, type Peer } from '../overlay-network.ts';

const usualMtu = 1_500;
const smallestMtu = 576;

export function ipsecOverhead(family: 4 | 6): number {
  return overheadOf('ipsec', family);
}

/** As configured, but never more than the uplink carries. */
export function deviceMtu({ self, mtu }: OverlayNetwork, facts: HostFacts): number {
  const uplink = facts.addresses.get(self.address) ?? usualMtu;
  const most = uplink - ipsecOverhead(familyOfTunnel(self));
  return Math.min(65_535, Math.max(smallestMtu, Math.min(most, mtu ?? most)));
}

/** The largest packet that reaches a peer whole. */
export function mtuTo(network: OverlayNetwork, peer: Peer, facts: HostFacts): number {
  const path = facts.paths.get(peer.address)?.mtu;
  const most = path === undefined ? Number.POSITIVE_INFINITY : path - ipsecOverhead(familyOfTunnel(peer));
  return Math.max(smallestMtu, Math.min(deviceMtu(network, facts), most));
}
