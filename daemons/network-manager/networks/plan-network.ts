// Pure: what one network still lacks.

import { isOwnConflist } from '../../shared/model/conflist.ts';
import { renderCidr4 } from '../../shared/model/ipv4.ts';
import type { Paths } from '../../shared/model/paths.ts';
import { bridgeAlias, type HaveLink, type HostState } from './host-state.ts';
import type { FileStep, NetworkStep } from './steps.ts';
import { conflistPath, wantFiles } from './want-files.ts';
import type { WantNetwork } from './want-networks.ts';

/** Behind every other route to the range: packets for a block that nobody owns end here, not on the uplink. */
export const unreachableMetric = 0xffffffff;

/**
 * Settings of a bridge, by path below /proc/sys.
 * - rp_filter: a port lock stops foreign MACs, not foreign source addresses; every true source behind a bridge has its route
 *   there, so the strict check costs nothing.
 * - accept_ra: else a container's router advertisement would give the *host* a default route.
 * Left alone: arp_ignore (a container with a link-local route asks by ARP for the service address, and shall be answered).
 * route_localnet belongs to the rules keeper, which has the guard that it needs.
 */
export function bridgeSysctls(bridge: string): ReadonlyMap<string, string> {
  return new Map([
    [`net/ipv4/conf/${bridge}/rp_filter`, '1'],
    [`net/ipv6/conf/${bridge}/accept_ra`, '0'],
  ]);
}

export function planNetwork(network: WantNetwork, mtu: number, have: HostState): NetworkStep[] {
  const link = have.links.find((one) => one.name === network.bridge);
  return [
    ...planUnreachable(network, have),
    ...planBridge(network, mtu, link),
    ...planSysctls(network, link, have),
    ...planAddress(network, link, have),
    ...planBlockRoutes(network, link, have),
  ];
}

/** Written only where the content differs; a configuration that a person made theirs stays. */
export function planFiles(
  network: WantNetwork,
  mtu: number,
  paths: Pick<Paths, 'blocks' | 'cniConf'>,
  have: HostState,
): FileStep[] {
  return wantFiles(network, mtu, paths).flatMap((file) => {
    const text = have.files.get(file.path);
    if (text === file.body) return [];
    const isForeign = file.path === conflistPath(paths, network.name) && text !== undefined && !isOwnConflist(text);
    return isForeign ? [] : [{ do: 'file', network: network.name, ...file }];
  });
}

function planUnreachable({ name, subnet }: WantNetwork, have: HostState): NetworkStep[] {
  const there = have.routes.some(
    (route) =>
      route.own &&
      route.type === 'unreachable' &&
      route.metric === unreachableMetric &&
      renderCidr4(route.dst) === renderCidr4(subnet),
  );
  return there ? [] : [{ do: 'unreachable', network: name, subnet }];
}

function planBridge(network: WantNetwork, mtu: number, link: HaveLink | undefined): NetworkStep[] {
  const alias = bridgeAlias(network.name);
  const same = link?.mac === network.mac && link.mtu === mtu && link.up && link.alias === alias;
  return same ? [] : [{ do: 'bridge', network: network.name, name: network.bridge, mac: network.mac, mtu, alias }];
}

/** A setting that an existing bridge does not have (no IPv6 in the kernel) is not wanted. */
function planSysctls(network: WantNetwork, link: HaveLink | undefined, have: HostState): NetworkStep[] {
  return [...bridgeSysctls(network.bridge)].flatMap(([path, value]) => {
    const actual = have.sysctls.get(path);
    const isThere = link !== undefined && (actual === undefined || actual === value);
    return isThere ? [] : [{ do: 'sysctl', network: network.name, path, value }];
  });
}

function planAddress(network: WantNetwork, link: HaveLink | undefined, have: HostState): NetworkStep[] {
  const { name, bridge, gateway, prefix } = network;
  const there = have.addresses.some(
    (one) => one.index === link?.index && one.address === gateway && one.prefix === prefix,
  );
  return there ? [] : [{ do: 'address', network: name, bridge, address: gateway, prefix }];
}

/** The first block is on the link by the gateway's address; further ones need a route. */
function planBlockRoutes(network: WantNetwork, link: HaveLink | undefined, have: HostState): NetworkStep[] {
  return network.cidrs.slice(1).flatMap((cidr) => {
    const there = have.routes.some(
      (route) => route.own && route.index === link?.index && renderCidr4(route.dst) === renderCidr4(cidr),
    );
    return there ? [] : [{ do: 'block-route', network: network.name, bridge: network.bridge, cidr }];
  });
}
