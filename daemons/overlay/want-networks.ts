// Pure: the networks that this host's overlay drivers have to make, from the snapshot.
import { contains } from '../shared/model/ip.ts';
import { gatewayOf, parseCidr4 } from '../shared/model/ipv4.ts';
import { isNetworkName, maxVni, parseCidr6, vniOf } from '../shared/model/networks.ts';
import { type Driver, isSecret, type NetworkObject } from '../shared/model/objects.ts';
import type { Snapshot } from '../shared/model/snapshot.ts';
import { gateway6Of, renderRange, toNetlinkRange } from './addresses.ts';
import { judgeHosts, type Tunnels } from './judge-hosts.ts';
import type { Fault, GuardedNetwork, OverlayNetwork, Peer, Wish } from './overlay-network.ts';
import type { Overrides } from './overrides.ts';
import { type Owned, OwnedBlocks, type OwnedByHost } from './owned-blocks.ts';
import { groundOf, isInside, rangesOf, rangesOf6, singlesByHost, wantPeer } from './want-peers.ts';

const ownedBlocks = new OwnedBlocks();

/** @param drivers those that this version can make */
export function wantNetworks(snapshot: Snapshot, overrides: Overrides, drivers: ReadonlySet<Driver>): Wish {
  const usable = [...snapshot.all('network')].filter(isUsable).sort(byRank);
  const objects = usable.filter(({ driver }) => drivers.has(driver));
  const faults: Fault[] = [];
  const networks: OverlayNetwork[] = [];
  const tunnels = judgeHosts(snapshot);
  const owned = ownedBlocks.of(snapshot.table('block'));
  for (const object of objects) {
    const parts = owned.get(object.name) ?? new Map<string, readonly Owned[]>();
    const network = wantNetwork(object, snapshot.hostId, { tunnels, parts, overrides }, faults);
    const rival = network && networks.find((other) => other.driver === network.driver && other.vni === network.vni);
    if (rival) faults.push({ network: object.name, code: 'VNI_TAKEN', text: `${rival.name} has VNI ${rival.vni} too` });
    else if (network) networks.push(network);
  }
  if (networks.length > 0) {
    for (const text of tunnels.faults) faults.push({ network: networks[0]!.name, code: 'PEER_INVALID', text });
  }
  const guarded = usable.flatMap((object) => wantGuard(object) ?? []);
  return { networks, guarded, faults, complete: isWhole(snapshot, tunnels) };
}

/** A snapshot without this host and its address is half a snapshot, whatever it says of itself. */
function isWhole(snapshot: Snapshot, { self }: Tunnels): boolean {
  return snapshot.complete && self !== undefined;
}

/** Names reach the kernel, so they are checked here once more. */
function isUsable({ name, bridge }: NetworkObject): boolean {
  return isNetworkName(name) && /^[A-Za-z0-9_.-]{1,15}$/.test(bridge);
}

/** The default network first: it keeps its VNI whatever comes. */
function byRank(a: NetworkObject, b: NetworkObject): number {
  if (a.isDefault !== b.isDefault) return a.isDefault ? -1 : 1;
  return a.name < b.name ? -1 : 1;
}

/** Before the first tunnel and after the last, also while this host has no block or no address of its own. */
function wantGuard({ name, driver, bridge, vni, isDefault, ...ranges }: NetworkObject): GuardedNetwork | undefined {
  const subnet = parseCidr4(ranges.subnet);
  if (!subnet || !isSecret(driver)) return undefined;
  const subnet6 = ranges.subnet6 === undefined ? undefined : parseCidr6(ranges.subnet6);
  return {
    name,
    driver,
    bridge,
    vni: isVni(vni) ? vni : vniOf(name, isDefault),
    subnet,
    subnet6: subnet6 && toNetlinkRange(subnet6),
  };
}

/** Most hosts have one block and no single address: there is nothing to make anew for them. */
const none: readonly never[] = [];

interface Ground {
  readonly tunnels: Tunnels;
  readonly parts: OwnedByHost;
  readonly overrides: Overrides;
}

/** undefined if this host has no part in it. */
function wantNetwork(
  object: NetworkObject,
  hostId: string,
  { tunnels, parts, overrides }: Ground,
  faults: Fault[],
): OverlayNetwork | undefined {
  const { name, driver, bridge } = object;
  const subnet = parseCidr4(object.subnet);
  const flat = object.blocks === 'none';
  const own = (parts.get(hostId) ?? []).filter(({ cidr }) => subnet && isInside(cidr, subnet));
  if (!subnet || (own.length === 0 && !flat)) return undefined;
  if (!tunnels.self) {
    faults.push({ network: name, code: 'PEER_INVALID', text: 'this host has no agent address that others can reach' });
    return undefined;
  }
  const subnet6 = object.subnet6 === undefined ? undefined : parseCidr6(object.subnet6);
  const ranges = { network: name, subnet, subnet6 };
  const singles = singlesByHost(overrides.get(name)?.values() ?? [], hostId, ranges);
  const ground = groundOf(object, ranges, own);
  const peers: Peer[] = [];
  for (const host of tunnels.peers) {
    const { hostId: id } = host;
    const { peer, foreign } = wantPeer(host, parts.get(id) ?? none, singles.get(id) ?? none, ground);
    for (const { cidr } of foreign) {
      const text = `${host.host}: its block ${renderRange(cidr)} is ours, or not of this network`;
      faults.push({ network: name, code: 'PEER_INVALID', text });
    }
    if (peer) peers.push(peer);
  }
  const ownSingles = singles.get(hostId) ?? [];
  const own6 = own.flatMap(({ cidr6 }) => (cidr6 && subnet6 && contains(subnet6, cidr6.base) ? [cidr6] : []));
  return {
    name,
    driver,
    vni: isVni(object.vni) ? object.vni : vniOf(name, object.isDefault),
    bridge,
    subnet,
    subnet6: subnet6 && toNetlinkRange(subnet6),
    flat,
    direct: object.direct === true && !isSecret(driver),
    mtu: object.mtu ?? undefined,
    self: {
      ...tunnels.self,
      gateways: own.map(({ cidr }) => gatewayOf(cidr)),
      gateways6: own6.flatMap((cidr6) => gateway6Of(cidr6) ?? []),
      ranges: rangesOf(own, ownSingles),
      ranges6: rangesOf6(own6, ownSingles),
    },
    peers,
  };
}

function isVni(vni: number | undefined): vni is number {
  return vni !== undefined && Number.isInteger(vni) && vni >= 1 && vni <= maxVni;
}
