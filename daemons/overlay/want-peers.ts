// Pure: what each peer has of one network: blocks, and single addresses outside of them.
import type { IpRange } from '../shared/effects/netlink.ts';
import { type Cidr, contains, type Ip } from '../shared/model/ip.ts';
import { type Cidr4, contains as contains4, gatewayOf, type Ipv4 } from '../shared/model/ipv4.ts';
import type { Ipv6 } from '../shared/model/ipv6.ts';
import type { NetworkObject } from '../shared/model/objects.ts';
import { toNetlink, toNetlinkRange } from './addresses.ts';
import type { HostTunnel } from './judge-hosts.ts';
import type { Peer } from './overlay-network.ts';
import type { Override } from './overrides.ts';
import type { Owned } from './owned-blocks.ts';

export interface Ranges {
  readonly network: string;
  readonly subnet: Cidr4;
  readonly subnet6: Cidr | undefined;
}

/** What of a network decides on its peers. */
export interface PeerGround extends Ranges {
  /** This host's blocks. */
  readonly own: readonly Owned[];
  /** What came of it so far; a host of another address or MAC is another tunnel. */
  readonly parts: WeakMap<HostTunnel, KnownPart>;
}

export function isInside(part: Cidr4, whole: Cidr4): boolean {
  return part.prefix >= whole.prefix && contains4(whole, part.base);
}

/** A host's part of a network. */
export interface Part {
  /** undefined for a host that has nothing of it. */
  readonly peer: Peer | undefined;
  /** Blocks that cannot be its own. */
  readonly foreign: readonly Owned[];
}

interface KnownPart extends Part {
  readonly owned: readonly Owned[];
  readonly singles: readonly Ip[];
}

/** Equal parts on the same ground give the same object. */
export function wantPeer(host: HostTunnel, owned: readonly Owned[], singles: readonly Ip[], ground: PeerGround): Part {
  const known = ground.parts.get(host);
  if (known && sameList(known.owned, owned) && sameList(known.singles, singles)) return known;
  const foreign = owned.filter((one) => isForeign(one, ground));
  const blocks = owned.filter((one) => !foreign.includes(one));
  const part = { owned, singles, foreign, peer: makePeer(host, blocks, singles, ground) };
  ground.parts.set(host, part);
  return part;
}

/** A block that is inside one of ours would take our containers away: it is no part of a peer. */
function isForeign({ cidr }: Owned, { subnet, own }: PeerGround): boolean {
  return !isInside(cidr, subnet) || own.some((mine) => isInside(cidr, mine.cidr));
}

/** The same object until something of it differs. */
export function groundOf(object: NetworkObject, ranges: Ranges, own: readonly Owned[]): PeerGround {
  const known = grounds.get(object);
  if (known && sameList(known.own, own)) return known;
  const ground = { ...ranges, own, parts: new WeakMap<HostTunnel, KnownPart>() };
  grounds.set(object, ground);
  return ground;
}

/** A network's ranges follow from its record, which is the same object until it differs. */
const grounds = new WeakMap<NetworkObject, PeerGround>();

function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a === b || (a.length === b.length && a.every((one, at) => one === b[at]));
}

function makePeer(
  host: HostTunnel,
  blocks: readonly Owned[],
  singles: readonly Ip[],
  { subnet6 }: Ranges,
): Peer | undefined {
  if (blocks.length + singles.length === 0) return undefined;
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
