// Pure: what each peer has of one network: blocks, and single addresses outside of them.
import { type Cidr, contains, type Ip } from '../shared/model/ip.ts';
import { type Cidr4, contains as contains4, gatewayOf, type Ipv4, parseCidr4 } from '../shared/model/ipv4.ts';
import { parseCidr6 } from '../shared/model/networks.ts';
import type { Snapshot } from '../shared/model/snapshot.ts';
import { linkLocalOf, toNetlink, toNetlinkRange } from './addresses.ts';
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
  readonly subnet: Cidr4;
  readonly subnet6: Cidr | undefined;
}

/** Blocks by network and host, each list in order of addresses: the first is the one with the gateway. */
export function ownedByNetwork(snapshot: Snapshot): ReadonlyMap<string, OwnedByHost> {
  const found = new Map<string, Map<string, Owned[]>>();
  for (const { network, hostId, cidr, cidr6 } of snapshot.all('block')) {
    const parsed = parseCidr4(cidr);
    if (!parsed) continue;
    const hosts = found.get(network) ?? new Map<string, Owned[]>();
    const owned = { cidr: parsed, cidr6: cidr6 === undefined ? undefined : parseCidr6(cidr6) };
    found.set(network, hosts.set(hostId, [...(hosts.get(hostId) ?? []), owned]));
  }
  for (const hosts of found.values()) {
    for (const owned of hosts.values()) if (owned.length > 1) owned.sort((a, b) => a.cidr.base - b.cidr.base);
  }
  return found;
}

export function isInside(part: Cidr4, whole: Cidr4): boolean {
  return part.prefix >= whole.prefix && contains4(whole, part.base);
}

/** A block that is inside one of ours would take our containers away: it is no part of a peer. */
export function isForeign(owned: Owned, own: readonly Owned[], { subnet }: Ranges): boolean {
  return !isInside(owned.cidr, subnet) || own.some((mine) => isInside(owned.cidr, mine.cidr));
}

/** undefined for a host that has nothing of the network. */
export function wantPeer(
  host: HostTunnel,
  blocks: readonly Owned[],
  singles: readonly Ip[],
  ranges: Ranges,
): Peer | undefined {
  const first = blocks[0]?.cidr;
  const single = singles.find((ip): ip is Ipv4 => typeof ip === 'number');
  // Any address will do as next hop, since it is on-link and the neighbour is set; one that never changes is best.
  const via = first?.base ?? (typeof host.address === 'number' ? (host.address as Ipv4) : single);
  if (via === undefined || blocks.length + singles.length === 0) return undefined;
  const { subnet6 } = ranges;
  const parts6 = blocks.flatMap(({ cidr6 }) => (cidr6 && subnet6 && contains(subnet6, cidr6.base) ? [cidr6] : []));
  return {
    ...host,
    via,
    via6: linkLocalOf(host.mac),
    ranges: [
      ...blocks.map(({ cidr }) => cidr),
      ...parts6.map(toNetlinkRange),
      ...singles.map((ip) => ({ base: toNetlink(ip), prefix: typeof ip === 'number' ? 32 : 128 })),
    ],
    gateway: first && gatewayOf(first),
  };
}

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
