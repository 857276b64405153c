// Pure: the addresses that a network may give: a host's block, or the ranges of a configuration.
import {
  bitsOf,
  type Cidr,
  contains,
  familyOf,
  type Ip,
  lastOf,
  networkOf,
  offsetIp,
} from '../../daemons/shared/model/ip.ts';
import type { BlockFile } from './block-file.ts';

export interface Range {
  readonly subnet: Cidr;
  /** Both ends are given too. */
  readonly first: Ip;
  readonly last: Ip;
  /** Prefix of an address in the container. */
  readonly prefix: number;
  readonly gateway: Ip | undefined;
}

/** A container gets one address of each set. */
export interface RangeSet {
  readonly ranges: readonly Range[];
  /** An address asked for may also lie in here, outside the ranges: it is then alone on its link. */
  readonly whole?: Cidr;
}

export interface Pool {
  readonly network: string;
  readonly sets: readonly RangeSet[];
  /** Of the host's block, else of the configuration. */
  readonly block: BlockFile | undefined;
}

/** An address that was chosen. The gateway may lie outside the address' own subnet; then it is reached on the link. */
export interface Given {
  readonly address: Ip;
  readonly prefix: number;
  readonly gateway: Ip | undefined;
  /** Prefix of the gateway as the bridge has it. */
  readonly gatewayPrefix: number;
}

export function poolOfBlock(block: BlockFile): Pool {
  const sets = [setOfBlock(block.cidrs, block.gateway, block.subnet)];
  const { cidrs6, gateway6, subnet6 } = block;
  if (cidrs6 && gateway6 !== undefined) sets.push(setOfBlock(cidrs6, gateway6, subnet6));
  return { network: block.network, sets, block };
}

/** The part that holds the gateway gives addresses with its prefix; in any other part the gateway is on-link. */
function setOfBlock(cidrs: readonly Cidr[], gateway: Ip, whole: Cidr | undefined): RangeSet {
  const ranges = cidrs.map((subnet): Range => {
    const prefix = contains(subnet, gateway) ? subnet.prefix : bitsOf(familyOf(gateway));
    return { subnet, first: subnet.base, last: lastOf(subnet), prefix, gateway };
  });
  return { ranges, ...(whole && { whole }) };
}

export function inRange(range: Range, address: Ip): boolean {
  return familyOf(address) === familyOf(range.first) && address >= range.first && address <= range.last;
}

/** True if the set may give the address when it is asked for. */
export function accepts(set: RangeSet, address: Ip): boolean {
  return set.ranges.some((range) => inRange(range, address)) || (!!set.whole && contains(set.whole, address));
}

/** Gateways, network and broadcast addresses, and the anycast address of an IPv6 subnet's routers. */
export function isReserved(set: RangeSet, address: Ip): boolean {
  if (set.ranges.some((range) => range.gateway === address)) return true;
  return isEdge(set.whole, address) || set.ranges.some((range) => isEdge(range.subnet, address));
}

function isEdge(cidr: Cidr | undefined, address: Ip): boolean {
  if (!cidr || familyOf(address) !== familyOf(cidr.base)) return false;
  if (bitsOf(familyOf(address)) - cidr.prefix < 2) return false;
  return address === cidr.base || (familyOf(address) === 4 && address === lastOf(cidr));
}

/** A pool of one range: the subnet of a bridge that no block belongs to. */
export function poolOfSubnet(network: string, subnet: Cidr, gateway: Ip, prefix: number): Pool {
  const range = { subnet, first: subnet.base, last: lastOf(subnet), prefix, gateway };
  return { network, sets: [{ ranges: [range], whole: subnet }], block: undefined };
}

/** The first address behind the network's own. */
export function firstHost(cidr: Cidr): Ip {
  return bitsOf(familyOf(cidr.base)) === cidr.prefix ? cidr.base : offsetIp(cidr.base, 1)!;
}

/** A pool of nothing but the addresses asked for, each with the prefix that came with it. */
export function poolOfAddresses(network: string, asked: readonly { address: Ip; prefix: number }[]): Pool {
  const sets = asked.map(({ address, prefix }): RangeSet => {
    const subnet = { base: networkOf(address, prefix), prefix };
    return { ranges: [{ subnet, first: address, last: address, prefix, gateway: firstHost(subnet) }] };
  });
  return { network, sets, block: undefined };
}
