// Pure: the device, entries and routes of one VXLAN network: per peer one forwarding entry, one neighbour, one route per range.
import type { Ip } from '../../shared/effects/netlink.ts';
import type { Mac } from '../../shared/model/mac.ts';
import { overheadOf, vtepName } from '../../shared/model/networks.ts';
import { bridgeSysctls, deviceSysctls } from '../device-settings.ts';
import type { HostFacts, Path } from '../host-facts.ts';
import { familyOfTunnel, type OverlayNetwork, type Peer } from '../overlay-network.ts';
import { routeKey, type WantRoute, type WantVtep } from './vtep-state.ts';

/** RFC 7348. */
export const vxlanPort = 4789;
/** What a host without a known uplink gets: Ethernet's. */
const usualMtu = 1500;
const smallestMtu = 576;

export function vxlanOverhead(family: 4 | 6): number {
  return overheadOf('vxlan', family);
}

/** @param proxies the kernel shall answer ARP for the peers' addresses of a flat network */
export function wantVtep(network: OverlayNetwork, facts: HostFacts, proxies = true): WantVtep {
  const { self, subnet } = network;
  const name = vtepName(network.vni);
  const family = familyOfTunnel(self);
  const mtu = wantMtu(network, facts);
  const source = self.gateways.find((gateway) => facts.addresses.has(gateway));
  const source6 = self.gateways6.find((gateway) => facts.addresses.has(gateway));
  const fdb = new Map<Mac, Ip>();
  const neighbours = new Map<Ip, Mac>();
  const routes = new Map<string, WantRoute>();
  const waits = source === undefined && !network.flat;
  for (const peer of network.peers) {
    fdb.set(peer.mac, peer.address);
    const { via, via6, ranges, ranges6 } = peer;
    if (ranges.length > 0) neighbours.set(via, peer.mac);
    if (ranges6.length > 0) neighbours.set(via6, peer.mac);
    if (ranges.length > 0 && !waits) addRoutes(routes, ranges, wayTo(peer, via, source, network, mtu, facts));
    if (ranges6.length > 0) addRoutes(routes, ranges6, wayTo(peer, via6, source6, network, mtu, facts));
  }
  return {
    network: network.name,
    name,
    alias: `corral:${network.name}`,
    vni: network.vni,
    port: vxlanPort,
    local: facts.addresses.has(self.address) ? self.address : undefined,
    family,
    mac: self.mac,
    mtu,
    fdb,
    neighbours,
    routes,
    held: waits ? subnet : undefined,
    sysctls: deviceSysctls(name, network.subnet6 !== undefined),
    bridgeSysctls: bridgeSysctls(network, proxies),
  };
}

/** As configured, but never more than the uplink carries: what is larger would be cut into pieces, or lost. */
function wantMtu({ self, mtu }: OverlayNetwork, facts: HostFacts): number {
  const uplink = facts.addresses.get(self.address) ?? usualMtu;
  const most = uplink - vxlanOverhead(familyOfTunnel(self));
  return Math.min(65_535, Math.max(smallestMtu, Math.min(most, mtu ?? most)));
}

/** The largest packet that reaches a peer whole. */
export function mtuTo(network: OverlayNetwork, peer: Peer, facts: HostFacts): number {
  const device = wantMtu(network, facts);
  return smallerMtu(facts.paths.get(peer.address), peer, device) ?? device;
}

type Way = Omit<WantRoute, 'dst'>;

function addRoutes(routes: Map<string, WantRoute>, ranges: Peer['ranges'], { via, src, mtu, direct }: Way): void {
  for (const dst of ranges) routes.set(routeKey(dst), { dst, via, src, mtu, direct });
}

function wayTo(
  peer: Peer,
  via: Ip,
  src: Ip | undefined,
  network: OverlayNetwork,
  deviceMtu: number,
  facts: HostFacts,
): Way {
  const path = facts.paths.get(peer.address);
  if (network.direct && path?.onLink && typeof peer.address === typeof via) {
    return { via: peer.address, src, mtu: undefined, direct: path.index };
  }
  return { via, src, mtu: smallerMtu(path, peer, deviceMtu), direct: undefined };
}

function smallerMtu(path: Path | undefined, peer: Peer, deviceMtu: number): number | undefined {
  if (!path) return undefined;
  const mtu = Math.max(smallestMtu, path.mtu - vxlanOverhead(familyOfTunnel(peer)));
  return mtu < deviceMtu ? mtu : undefined;
}
