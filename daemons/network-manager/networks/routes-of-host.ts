// Pure: the host's routes and addresses in the form in which overlaps are judged.
import type { Cidr } from '../../shared/model/ip.ts';
import { type Cidr4, networkOf } from '../../shared/model/ipv4.ts';
import type { HostRoute } from '../../shared/model/overlaps.ts';
import { type HaveLink, type HostState, networkOfBridge } from './host-state.ts';
import type { WantNetwork } from './want-networks.ts';

/** The overlay's devices, whose routes lead to other hosts' blocks. */
const overlayDevice = /^(vtep|wg|xfrm)\d+$/;

/** Their indexes. */
export function overlayDevices(links: Iterable<Pick<HaveLink, 'index' | 'name'>>): Set<number> {
  return new Set([...links].flatMap(({ index, name }) => (overlayDevice.test(name) ? [index] : [])));
}

/** Devices whose routes and addresses are Corral's own. */
export function ownDeviceNames(networks: Iterable<WantNetwork>, links: Iterable<HaveLink>): Set<string> {
  const names = new Set<string>();
  for (const network of networks) names.add(network.bridge);
  for (const link of links) {
    if (networkOfBridge(link) !== undefined || overlayDevice.test(link.name)) names.add(link.name);
  }
  return names;
}

/**
 * Routes, and devices' addresses: one without a route to its range (a /32) is taken all the same. What leads through a device
 * that came while the lists were read says nothing yet; it may be our own bridge, just made by an ADD.
 */
export function hostRoutes(have: HostState, own: ReadonlySet<string>): HostRoute[] {
  const names = new Map(have.links.map((link) => [link.index, link.name]));
  const routes = have.routes.flatMap(({ dst, index, own: isOwn }): HostRoute[] => {
    const device = index === undefined ? null : names.get(index);
    return device === undefined || !isIpv4(dst) ? [] : [{ dst, device, own: isOwn }];
  });
  const addresses = have.addresses.flatMap(({ index, address, prefix }): HostRoute[] => {
    const device = names.get(index);
    if (typeof address !== 'number') return [];
    const dst = { base: networkOf(address, prefix), prefix };
    return device === undefined ? [] : [{ dst, device, own: own.has(device) }];
  });
  return [...routes, ...addresses];
}

/** Overlaps are judged by IPv4 alone: who has a range of IPv6 for himself made it up at random (RFC 4193). */
function isIpv4(cidr: Cidr): cidr is Cidr4 {
  return typeof cidr.base === 'number';
}
