// Pure: the blocks by network and host. Beside a thousand others few differ from one snapshot to the next, so the lists of
// hosts whose blocks are the same are the same objects, and what follows from one is computed once.
import type { Cidr } from '../shared/model/ip.ts';
import { type Cidr4, parseCidr4 } from '../shared/model/ipv4.ts';
import { parseCidr6 } from '../shared/model/networks.ts';
import type { BlockObject } from '../shared/model/objects.ts';
import type { SharedMap } from '../shared/model/shared-map.ts';

export interface Owned {
  readonly cidr: Cidr4;
  readonly cidr6: Cidr | undefined;
}

/** The parts of a network, by host, each list in order of addresses: the first is the one with the gateway. */
export type OwnedByHost = ReadonlyMap<string, readonly Owned[]>;
export type OwnedByNetwork = ReadonlyMap<string, OwnedByHost>;

/** Each of them copies the map of its network; of more than these, all are taken anew. */
const mostMoved = 32;

export class OwnedBlocks {
  #table: SharedMap<BlockObject> | undefined;
  #found: OwnedByNetwork = new Map();

  /** The same maps as long as the table is the same. */
  of(table: SharedMap<BlockObject>): OwnedByNetwork {
    const before = this.#table;
    if (table === before) return this.#found;
    const changed = before && [...table.keysUnlike(before)];
    const isFew = changed !== undefined && changed.length <= mostMoved;
    this.#found = isFew ? moved(this.#found, changed, before!, table) : collect(table.values());
    this.#table = table;
    return this.#found;
  }
}

function collect(blocks: Iterable<BlockObject>): OwnedByNetwork {
  const found = new Map<string, Map<string, Owned[]>>();
  for (const block of blocks) {
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
    for (const owned of hosts.values()) if (owned.length > 1) owned.sort(byAddress);
  }
  return found;
}

function moved(
  found: OwnedByNetwork,
  ids: readonly string[],
  before: SharedMap<BlockObject>,
  after: SharedMap<BlockObject>,
): OwnedByNetwork {
  const next = new Map(found);
  for (const id of ids) {
    const [was, is] = [before.get(id), after.get(id)];
    if (was) edit(next, was, (list, owned) => list.filter((one) => one !== owned));
    if (is) edit(next, is, (list, owned) => [...list, owned].sort(byAddress));
  }
  return next;
}

/** Another list in another map; who holds the former ones is not disturbed. */
function edit(
  found: Map<string, OwnedByHost>,
  block: BlockObject,
  change: (list: readonly Owned[], owned: Owned) => readonly Owned[],
): void {
  const owned = ownedOf(block);
  if (!owned) return;
  const { network, hostId } = block;
  const hosts = new Map(found.get(network));
  const list = change(hosts.get(hostId) ?? [], owned);
  if (list.length > 0) hosts.set(hostId, list);
  else hosts.delete(hostId);
  if (hosts.size > 0) found.set(network, hosts);
  else found.delete(network);
}

/** A block's record is the same object until it differs. */
const byBlock = new WeakMap<BlockObject, Owned | undefined>();

function ownedOf(block: BlockObject): Owned | undefined {
  if (byBlock.has(block)) return byBlock.get(block);
  const cidr = parseCidr4(block.cidr);
  const cidr6 = block.cidr6 === undefined ? undefined : parseCidr6(block.cidr6);
  const owned = cidr && { cidr, cidr6 };
  byBlock.set(block, owned);
  return owned;
}

function byAddress(a: Owned, b: Owned): number {
  return a.cidr.base - b.cidr.base || a.cidr.prefix - b.cidr.prefix;
}
