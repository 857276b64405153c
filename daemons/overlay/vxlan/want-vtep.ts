// Pure: the device, entries and routes of one VXLAN network: per peer one forwarding entry, one neighbour, one route per range.
import type { Ip } from '../../shared/effects/netlink.ts';
import type { Mac } from '../../shared/model/mac.ts';
import { vtepName } from '../../shared/model/networks.ts';
import { bridgeSysctls, deviceSysctls } from '../device-settings.ts';
import type { HostFacts } from '../host-facts.ts';
import { deviceMtu, mtuTo } from '../mtu.ts';
import { familyOfTunnel, type OverlayNetwork, type Peer } from '../overlay-network.ts';
import { routeKey, type WantRoute, type WantVtep } from './vtep-state.ts';

/** RFC 7348. */
export const vxlanPort = 4789;

/** @param proxies the kernel shall answer ARP for the peers' addresses of a flat network */
export function wantVtep(network: OverlayNetwork, facts: HostFacts, proxies = true): WantVtep {
  const { self, subnet } = network;
  const name = vtepName(network.vni);
  const family = familyOfTunnel(self);
  const mtu = deviceMtu(network, facts);
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

type Way = Omit<WantRoute, 'dst'>;

function addRoutes(routes: Map<string, WantRoute>, ranges: Peer['ranges'], { via, src, mtu, direct }: Way): void {
  for (const dst of ranges) routes.set(routeKey(dst), { dst, via, src, mtu, direct });
}

function wayTo(peer: Peer, via: Ip, src: Ip | undefined, network: OverlayNetwork, mtu: number, facts: HostFacts): Way {
  const path = facts.paths.get(peer.address);
  if (network.direct && path?.onLink && typeof peer.address === typeof via) {
    return { via: peer.address, src, mtu: undefined, direct: path.index };
  }
  const whole = mtuTo(network, peer, facts);
  return { via, src, mtu: whole < mtu ? whole : undefined, direct: undefined };
}
