// Pure: the device, peers and routes of one WireGuard network. A peer may send from its own ranges and no others: the kernel
// drops what comes under another's address (AllowedIPs).
import type { IpRange, Route } from '../../shared/effects/netlink.ts';
import { defaultVni } from '../../shared/model/networks.ts';
import { bridgeSysctls, deviceSysctls } from '../device-settings.ts';
import type { NetworkName } from '../driver.ts';
import type { HostFacts } from '../host-facts.ts';
import type { DriverKeys } from '../keys/driver-keys.ts';
import { deviceMtu, mtuTo } from '../mtu.ts';
import type { OverlayNetwork } from '../overlay-network.ts';
import type { WantPeer, WantTunnel } from './tunnel-state.ts';

export interface TunnelSettings {
  /** UDP port of the default network on this host. */
  readonly port: number;
  /** Seconds; 0: none. */
  readonly keepalive: number;
  /** The kernel shall answer ARP for the peers' addresses of a flat network. */
  readonly proxies: boolean;
}

const furtherPorts = 4_095;

export function tunnelName({ vni }: Pick<NetworkName, 'vni'>): string {
  return `wg${vni}`;
}

/** The default network has the host's first port, another one of those that follow: the same place on every host. */
export function portOf({ vni }: Pick<NetworkName, 'vni'>, first: number): number {
  return vni === defaultVni ? first : first + 1 + (vni % furtherPorts);
}

/** @param keys with at least one pair of our own */
export function wantTunnel(
  network: OverlayNetwork,
  facts: HostFacts,
  keys: DriverKeys,
  { port, keepalive, proxies }: TunnelSettings,
): WantTunnel {
  const { self, flat } = network;
  const name = tunnelName(network);
  const mtu = deviceMtu(network, facts);
  const source = self.gateways.find((gateway) => facts.addresses.has(gateway));
  const source6 = self.gateways6.find((gateway) => facts.addresses.has(gateway));
  const waits = source === undefined && !flat;
  const peers: WantPeer[] = [];
  const routes: Route[] = [];
  for (const peer of network.peers) {
    const told = keys.peers.get(peer.hostId);
    if (told?.port === undefined) continue; // cut off: not known, or not trusted
    const endpoint = { address: peer.address, port: portOf(network, told.port) };
    peers.push({ hostId: peer.hostId, keys: told.keys, endpoint, allowed: [...peer.ranges, ...peer.ranges6] });
    const whole = mtuTo(network, peer, facts);
    const to = (dst: IpRange, src: Route['src']): Route => ({
      dst,
      ...(src === undefined ? {} : { src }),
      ...(whole < mtu ? { mtu: whole } : {}),
    });
    if (!waits) routes.push(...peer.ranges.map((dst) => to(dst, source)));
    routes.push(...peer.ranges6.map((dst) => to(dst, source6)));
  }
  return {
    network: network.name,
    name,
    alias: `corral:${network.name}`,
    mtu,
    port: portOf(network, port),
    publicKey: keys.own[0]!.publicKey,
    keepalive,
    peers,
    routes,
    waits,
    sysctls: deviceSysctls(name, network.subnet6 !== undefined),
    bridgeSysctls: bridgeSysctls(network, proxies),
  };
}
