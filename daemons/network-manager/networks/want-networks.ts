// Pure: the networks of which this host has a part, as the kernel and the CNI plugins must know them.
import { type Cidr, contains as holds, type Ip, offsetIp } from '../../shared/model/ip.ts';
import {
  type Cidr4,
  contains,
  gatewayOf,
  type Ipv4,
  parseCidr4,
  renderCidr4,
  sizeOf,
} from '../../shared/model/ipv4.ts';
import { type Mac, macForAddress } from '../../shared/model/mac.ts';
import { isNetworkName, parseCidr6 } from '../../shared/model/networks.ts';
import type { BlockObject, Driver, NetworkObject } from '../../shared/model/objects.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { isForeign } from '../cni-conf/plugin-lists.ts';

export interface WantNetwork {
  readonly name: string;
  readonly subnet: Cidr4;
  readonly driver: Driver;
  /** Family of this host's agent address, by which the others reach it. */
  readonly underlay: 4 | 6;
  readonly bridge: string;
  readonly gateway: Ipv4;
  /** Prefix length of the block that holds the gateway. */
  readonly prefix: number;
  /** Peers and containers can compute it from the gateway's address. */
  readonly mac: Mac;
  /** This host's blocks; the first holds the gateway. Of a flat network: the whole subnet. */
  readonly cidrs: readonly Cidr4[];
  /** No host owns a part: containers of other hosts have addresses of the same range, and the bridge answers for them. */
  readonly flat: boolean;
  /** undefined: IPv4 alone. */
  readonly six: WantIpv6 | undefined;
  /** undefined: from the uplink. */
  readonly mtu: number | undefined;
}

/** The IPv6 side of a network. */
export interface WantIpv6 {
  readonly subnet: Cidr;
  readonly gateway: Ip;
  /** Prefix length of the part that holds the gateway. */
  readonly prefix: number;
  /** This host's parts; the first holds the gateway. */
  readonly cidrs: readonly Cidr[];
}

/** The networks that Corral's own plugins make and that have a block of this host or need none, by name. */
export function wantNetworks(snapshot: Snapshot): WantNetwork[] {
  const blocksOf = new Map<string, BlockObject[]>();
  for (const block of snapshot.all('block')) {
    if (block.hostId !== snapshot.hostId) continue;
    blocksOf.set(block.network, [...(blocksOf.get(block.network) ?? []), block]);
  }
  const underlay = snapshot.get('host', snapshot.hostId)?.agentIp?.includes(':') ? 6 : 4;
  return [...snapshot.all('network')]
    .filter((network) => !isForeign(network))
    .flatMap((network) => wantNetwork(network, underlay, blocksOf.get(network.name) ?? []) ?? [])
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** undefined without a usable block. Names reach the kernel, paths and rules, so they are checked here once more. */
function wantNetwork(network: NetworkObject, underlay: 4 | 6, blocks: readonly BlockObject[]): WantNetwork | undefined {
  const subnet = parseCidr4(network.subnet);
  if (!subnet || !isNetworkName(network.name) || !isOwnBridgeName(network.bridge)) return undefined;
  const flat = network.blocks === 'none';
  const usable = flat ? [{ cidr: subnet, block: undefined }] : usableBlocks(subnet, blocks);
  const home = usable[0];
  if (!home) return undefined;
  const gateway = gatewayOf(home.cidr);
  const parts6 = usable.map(({ block }) => block?.cidr6);
  return {
    name: network.name,
    subnet,
    driver: network.driver,
    underlay,
    bridge: network.bridge,
    gateway,
    prefix: home.cidr.prefix,
    mac: macForAddress(gateway),
    cidrs: usable.map(({ cidr }) => cidr),
    flat,
    six: wantIpv6(network.subnet6, parts6),
    mtu: network.mtu ?? undefined,
  };
}

/** The host's first block before those that it asked for when that was full. */
function usableBlocks(subnet: Cidr4, blocks: readonly BlockObject[]): { cidr: Cidr4; block: BlockObject }[] {
  const usable = blocks.flatMap((block) => {
    const cidr = parseCidr4(block.cidr);
    const isInside = cidr && cidr.prefix >= subnet.prefix && contains(subnet, cidr.base) && sizeOf(cidr) > 1;
    return isInside ? [{ cidr, block }] : [];
  });
  const rank = ({ block }: { block: BlockObject }): number => (block.extra ? 1 : 0);
  return usable.sort((a, b) => rank(a) - rank(b) || a.cidr.base - b.cidr.base);
}

/** undefined if the block with the gateway has no part of the network's IPv6 range. */
function wantIpv6(range: string | undefined, parts: readonly (string | undefined)[]): WantIpv6 | undefined {
  const subnet = parseCidr6(range ?? '');
  const cidrs = parts.flatMap((text) => parseCidr6(text ?? '') ?? []);
  const home = parseCidr6(parts[0] ?? '');
  const gateway = home && offsetIp(home.base, 1);
  if (!subnet || !home || gateway === undefined || home.prefix > 126) return undefined;
  if (!cidrs.every((cidr) => cidr.prefix >= subnet.prefix && holds(subnet, cidr.base))) return undefined;
  return { subnet, gateway, prefix: home.prefix, cidrs };
}

/** The network without some of its further blocks, as `<network>/<cidr>`. */
export function withoutBlocks(network: WantNetwork, names: ReadonlySet<string>): WantNetwork {
  const { name, cidrs, six } = network;
  const stays = cidrs.map((cidr, at) => at === 0 || !names.has(`${name}/${renderCidr4(cidr)}`));
  const part = <T>(items: readonly T[]): T[] => items.filter((_, at) => stays[at] ?? true);
  return { ...network, cidrs: part(cidrs), six: six && { ...six, cidrs: part(six.cidrs) } };
}

/** A device name of at most 15 characters that local callers are recognised by. */
export function isOwnBridgeName(text: string): boolean {
  return /^corral[A-Za-z0-9_.-]{0,9}$/.test(text);
}
