// Pure: what each peer has of one network: blocks, and single addresses outside of them.
import type { IpRange } from '../shared/effects/netlink.ts';
import { type Cidr, contains, type Ip } from '../shared/model/ip.ts';
import { type Cidr4, contains as contains4, gatewayOf, type Ipv4, parseCidr4 } from '../shared/model/ipv4.ts';
import type { Ipv6 } from '../shared/model/ipv6.ts';
import { parseCidr6 } from '../shared/model/networks.ts';
import type { BlockObject } from '../shared/model/objects.ts';
import type { Snapshot } from '../shared/model/snapshot.ts';
import { toNetlink, toNetlinkRange } from './addresses.ts';
import type { HostTunnel } from './judge-hosts.ts';
import type { Peer } from './overlay-network.ts';
import type { Override } from './overrides.ts';

export interface Owned {
  readonly cidr: Cidr4;
  readonly cidr6: Cidr | undefined;
}

/** The parts of a network, by host. */
export type OwnedByHost = ReadonlyMap<string, readonly Owned[]>;

export interface Ranges {
  readonly network: string;
  readonly subnet: Cidr4;
  readonly subnet6: Cidr | undefined;
}

/** Blocks by network and host, each list in order of addresses: the first is the one with the gateway. */
export function ownedByNetwork(snapshot: Snapshot): ReadonlyMap<string, OwnedByHost> {
  const table = snapshot.table('block');
  const known = byTable.get(table);
  if (known) return known;
  const found = new Map<string, Map<string, Owned[]>>();
  for (const block of table.values()) {
    const owned = ownedOf(block);
    if (!owned) continue;
    const { network, hostId } = block;
    const hosts = found.get(network) ?? new Map<string, Owned[]>();
    const before = hosts.get(hostId);
    if (before) before.push(owned);
    else hosts.set(hostId, [owned]);
    found.set(network, hosts);
  }
  for (const hosts of found.values()) {
    for (const owned of hosts.values()) if (owned.length > 1) owned.sort((a, b) => a.cidr.base - b.cidr.base);
  }
  byTable.set(table, found);
  return found;
}

/** The table is the same object as long as no block differs, and a block's record until it differs. */
const byTable = new WeakMap<object, ReadonlyMap<string, OwnedByHost>>();
const byBlock = new WeakMap<BlockObject, Owned | undefined>();

function ownedOf(block: BlockObject): Owned | undefined {
  if (byBlock.has(block)) return byBlock.get(block);
  const cidr = parseCidr4(block.cidr);
  const cidr6 = block.cidr6 === undefined ? undefined : parseCidr6(block.cidr6);
  const owned = cidr && { cidr, cidr6 };
  byBlock.set(block, owned);
  return owned;
}

export function isInside(part: Cidr4, whole: Cidr4): boolean {
  return part.prefix >= whole.prefix && contains4(whole, part.base);
}

/** A block that is inside one of ours would take our containers away: it is no part of a peer. */
export function isForeign(owned: Owned, own: readonly Owned[], { subnet }: Ranges): boolean {
  return !isInside(owned.cidr, subnet) || own.some((mine) => isInside(owned.cidr, mine.cidr));
}

/** undefined for a host that has nothing of the network. Equal parts give the same object. */
export function wantPeer(
  host: HostTunnel,
  blocks: readonly Owned[],
  singles: readonly Ip[],
  ranges: Ranges,
): Peer | undefined {
  if (blocks.length + singles.length === 0) return undefined;
  const networks = lastPeers.get(host) ?? new Map<string, KnownPeer>();
  const known = networks.get(ranges.network);
  if (known && isOf(known, blocks, singles, ranges)) return known.peer;
  const peer = makePeer(host, blocks, singles, ranges);
  lastPeers.set(host, networks.set(ranges.network, { blocks, singles, ranges, peer }));
  return peer;
}

interface KnownPeer {
  readonly blocks: readonly Owned[];
  readonly singles: readonly Ip[];
  readonly ranges: Ranges;
  readonly peer: Peer | undefined;
}

/** By network; a host of another address or MAC is another tunnel. */
const lastPeers = new WeakMap<HostTunnel, Map<string, KnownPeer>>();

function isOf(known: KnownPeer, blocks: readonly Owned[], singles: readonly Ip[], { subnet6 }: Ranges): boolean {
  const before = known.ranges.subnet6;
  if (before?.base !== subnet6?.base || before?.prefix !== subnet6?.prefix) return false;
  return sameList(known.blocks, blocks) && sameList(known.singles, singles);
}

function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((one, at) => one === b[at]);
}

function makePeer(
  host: HostTunnel,
  blocks: readonly Owned[],
  singles: readonly Ip[],
  { subnet6 }: Ranges,
): Peer | undefined {
  const first = blocks[0]?.cidr;
  const single = singles.find((ip): ip is Ipv4 => typeof ip === 'number');
  // Any address will do as next hop, since it is on-link and the neighbour is set; one that never changes is best.
  const via = first?.base ?? (typeof host.address === 'number' ? (host.address as Ipv4) : single);
  if (via === undefined) return undefined;
  const parts6 = blocks.flatMap(({ cidr6 }) => (cidr6 && subnet6 && contains(subnet6, cidr6.base) ? [cidr6] : []));
  return {
    ...host,
    via,
    ranges: rangesOf(blocks, singles),
    ranges6: rangesOf6(parts6, singles),
    gateway: first && gatewayOf(first),
  };
}

export function rangesOf(blocks: readonly Owned[], singles: readonly Ip[]): IpRange[] {
  return [...blocks.map(({ cidr }) => cidr), ...singles.flatMap((ip) => (typeof ip === 'number' ? single4(ip) : []))];
}

export function rangesOf6(parts: readonly Cidr[], singles: readonly Ip[]): IpRange[] {
  return [...parts.map(toNetlinkRange), ...singles.flatMap((ip) => (typeof ip === 'bigint' ? single6(ip) : []))];
}

const single4 = (ip: Ipv4): IpRange => ({ base: ip, prefix: 32 });
const single6 = (ip: Ipv6): IpRange => ({ base: toNetlink(ip), prefix: 128 });

/**
 * The addresses by host. Of two containers with one address our own is kept, otherwise that of the host with the lower id.
 * What lies outside the network is nobody's.
 */
export function singlesByHost(
  overrides: Iterable<readonly Override[]>,
  ownHostId: string,
  { subnet, subnet6 }: Ranges,
): ReadonlyMap<string, readonly Ip[]> {
  const owners = new Map<Ip, string>();
  for (const { hostId, address } of [...overrides].flat()) {
    const range = typeof address === 'number' ? subnet : subnet6;
    if (!range || !contains(range, address)) continue;
    const before = owners.get(address);
    const wins = before === undefined || hostId === ownHostId || (before !== ownHostId && hostId < before);
    if (wins) owners.set(address, hostId);
  }
  const hosts = new Map<string, Ip[]>();
  for (const [address, hostId] of owners) hosts.set(hostId, [...(hosts.get(hostId) ?? []), address]);
  for (const list of hosts.values()) list.sort((a, b) => (a < b ? -1 : 1));
  return hosts;
}
