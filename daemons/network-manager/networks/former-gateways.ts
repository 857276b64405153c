// Pure: gateways that this host does not have any more and containers here still use. A block that another host holds by now
// (this one was removed, or away for too long) leaves its containers their addresses: they need the gateway until they end.
import type { Lease } from '../../../cni-plugins/ipam/lease.ts';
import { bitsOf, contains, familyOf, type Ip, parseInterface, parseIp } from '../../shared/model/ip.ts';
import { macForAddress } from '../../shared/model/mac.ts';
import type { HaveLink, HostState } from './host-state.ts';
import type { NetworkStep } from './steps.ts';
import type { WantNetwork } from './want-networks.ts';

export interface Former {
  /** On the bridge with a prefix of 32 or 128: its range is another host's. */
  readonly gateways: readonly Ip[];
  /** Addresses of the containers that use them; the host reaches each by a route of its own. */
  readonly users: readonly Ip[];
}

/** True if the bridge has an address of the network besides its gateway: only then leases need to be looked at. */
export function mayHaveFormer(network: WantNetwork, have: Pick<HostState, 'links' | 'addresses'>): boolean {
  const link = have.links.find(({ name }) => name === network.bridge);
  return have.addresses.some(({ index, address }) => index === link?.index && isFormer(address, network));
}

export function formerOf(network: WantNetwork, leases: Iterable<Lease>): Former {
  const gateways = new Set<Ip>();
  const users: Ip[] = [];
  for (const { phase, network: name, bridge, result } of leases) {
    if (phase !== 'done' || name !== network.name || bridge !== network.bridge) continue;
    for (const { address, gateway: text } of result.ips) {
      const gateway = parseIp(text ?? '');
      const user = parseInterface(address)?.address;
      if (gateway === undefined || user === undefined || !isFormer(gateway, network)) continue;
      gateways.add(gateway);
      users.push(user);
    }
  }
  return { gateways: [...gateways], users };
}

/** Containers remember the gateway's MAC for a while, so a bridge keeps the one that it has. */
export function withFormerMac(network: WantNetwork, former: Former, link: HaveLink | undefined): WantNetwork {
  const macs = former.gateways.flatMap((ip) => (typeof ip === 'number' ? [macForAddress(ip)] : []));
  const kept = macs.find((mac) => mac === link?.mac);
  return kept === undefined ? network : { ...network, mac: kept };
}

export function planFormer(
  { name, bridge }: WantNetwork,
  { gateways, users }: Former,
  link: HaveLink | undefined,
  have: HostState,
): NetworkStep[] {
  const hasAddress = (ip: Ip): boolean =>
    have.addresses.some(
      (one) => one.index === link?.index && one.address === ip && one.prefix === bitsOf(familyOf(ip)),
    );
  const hasRoute = (ip: Ip): boolean =>
    have.routes.some(
      ({ own, index, dst }) => own && index === link?.index && dst.base === ip && dst.prefix === bitsOf(familyOf(ip)),
    );
  const addresses = gateways.filter((ip) => !hasAddress(ip));
  const routes = users.filter((ip) => !hasRoute(ip));
  return [
    ...addresses.map((address) => {
      return { do: 'address', network: name, bridge, address, prefix: bitsOf(familyOf(address)) } as const;
    }),
    ...routes.map((base) => {
      return { do: 'block-route', network: name, bridge, cidr: { base, prefix: bitsOf(familyOf(base)) } } as const;
    }),
  ];
}

function isFormer(address: Ip, { subnet, gateway, six }: WantNetwork): boolean {
  if (address === gateway || address === six?.gateway) return false;
  return contains(subnet, address) || (six !== undefined && contains(six.subnet, address));
}
