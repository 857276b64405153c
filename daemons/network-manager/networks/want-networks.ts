// Pure: the networks of which this host has a part, as the kernel and the CNI plugins must know them.
import { type Cidr4, contains, gatewayOf, type Ipv4, parseCidr4, sizeOf } from '../../shared/model/ipv4.ts';
import { type Mac, macForAddress } from '../../shared/model/mac.ts';
import { isNetworkName } from '../../shared/model/networks.ts';
import type { Driver, NetworkObject } from '../../shared/model/objects.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { isForeign } from '../cni-conf/plugin-lists.ts';

export interface WantNetwork {
  readonly name: string;
  readonly subnet: Cidr4;
  readonly driver: Driver;
  readonly bridge: string;
  readonly gateway: Ipv4;
  /** Prefix length of the block that holds the gateway. */
  readonly prefix: number;
  /** Peers and containers can compute it from the gateway's address. */
  readonly mac: Mac;
  /** This host's blocks; the first holds the gateway. */
  readonly cidrs: readonly Cidr4[];
  /** undefined: from the uplink. */
  readonly mtu: number | undefined;
}

/** The networks that Corral's own plugins make and that have a block of this host, by name. */
export function wantNetworks(snapshot: Snapshot): WantNetwork[] {
  const cidrsOf = new Map<string, Cidr4[]>();
  for (const block of snapshot.all('block')) {
    const cidr = block.hostId === snapshot.hostId ? parseCidr4(block.cidr) : undefined;
    if (cidr) cidrsOf.set(block.network, [...(cidrsOf.get(block.network) ?? []), cidr]);
  }
  return [...snapshot.all('network')]
    .filter((network) => !isForeign(network))
    .flatMap((network) => wantNetwork(network, cidrsOf.get(network.name) ?? []) ?? [])
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Every network's range, on whatever host it lives. */
export function allSubnets(snapshot: Snapshot): Cidr4[] {
  const subnets = [...snapshot.all('network')].flatMap((network) => parseCidr4(network.subnet) ?? []);
  return subnets.sort((a, b) => a.base - b.base || a.prefix - b.prefix);
}

/** undefined without a usable block. Names reach the kernel, paths and rules, so they are checked here once more. */
function wantNetwork(network: NetworkObject, given: readonly Cidr4[]): WantNetwork | undefined {
  const subnet = parseCidr4(network.subnet);
  if (!subnet || !isNetworkName(network.name) || !isOwnBridgeName(network.bridge)) return undefined;
  const inside = given.filter(
    (cidr) => cidr.prefix >= subnet.prefix && contains(subnet, cidr.base) && sizeOf(cidr) > 1,
  );
  const cidrs = inside.sort((a, b) => a.base - b.base);
  const home = cidrs[0];
  if (!home) return undefined;
  const gateway = gatewayOf(home);
  return {
    name: network.name,
    subnet,
    driver: network.driver,
    bridge: network.bridge,
    gateway,
    prefix: home.prefix,
    mac: macForAddress(gateway),
    cidrs,
    mtu: network.mtu ?? undefined,
  };
}

/** A device name of at most 15 characters that local callers are recognised by. */
export function isOwnBridgeName(text: string): boolean {
  return /^corral[A-Za-z0-9_.-]{0,9}$/.test(text);
}
