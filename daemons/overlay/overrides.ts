// Pure: containers whose address lies outside their host's blocks. They are few among very many containers, so they are found
// once and then carried along with each change.
import { type Cidr, contains, type Ip, parseCidr, parseIp } from '../shared/model/ip.ts';
import type { ContainerObject, ContainerState } from '../shared/model/objects.ts';
import { type Change, type Snapshot, splitKey } from '../shared/model/snapshot.ts';

export interface Override {
  readonly hostId: string;
  readonly address: Ip;
}

/** By network, then by the container's id. */
export type Overrides = ReadonlyMap<string, ReadonlyMap<string, readonly Override[]>>;

/** A container that is being stopped still sends, and its peers must find the way back. */
const present: ReadonlySet<ContainerState> = new Set(['starting', 'running', 'stopping']);

/** Blocks by network, then by host. */
type Blocks = ReadonlyMap<string, ReadonlyMap<string, readonly Cidr[]>>;

export class OverrideIndex {
  readonly #found = new Map<string, Map<string, readonly Override[]>>();
  readonly #networkOf = new Map<string, string>();
  #blocks: Blocks = new Map();
  #last: Snapshot | undefined;
  #version = 0;

  /** Counts up whenever the overrides differ. */
  get version(): number {
    return this.#version;
  }

  /** @param change what turned the snapshot of the last call into this one */
  update(snapshot: Snapshot, change: Change): Overrides {
    const last = this.#last;
    const sameGround =
      last?.hostId === snapshot.hostId &&
      last.table('block') === snapshot.table('block') &&
      last.table('network') === snapshot.table('network');
    this.#last = snapshot;
    if (sameGround) this.#step(change);
    else this.#rebuild(snapshot);
    return this.#found;
  }

  #rebuild(snapshot: Snapshot): void {
    this.#version += 1;
    this.#found.clear();
    this.#networkOf.clear();
    this.#blocks = blocksOf(snapshot);
    for (const container of snapshot.all('container')) this.#note(container);
  }

  #step(change: Change): void {
    for (const key of change.drop) {
      const { kind, id } = splitKey(key);
      if (kind === 'container') this.#forget(id);
    }
    for (const object of change.put) {
      if (object.kind !== 'container') continue;
      this.#forget(object.id);
      this.#note(object);
    }
  }

  #note(container: ContainerObject): void {
    const { id, network, hostId, ips, state, networkFrom } = container;
    const hosts = network === null ? undefined : this.#blocks.get(network);
    if (network === null || !hosts || networkFrom !== null || !present.has(state)) return;
    const own = hosts.get(hostId) ?? [];
    const outside = ips.flatMap((text) => {
      const address = parseIp(text);
      return address === undefined || own.some((cidr) => contains(cidr, address)) ? [] : [{ hostId, address }];
    });
    if (outside.length === 0) return;
    const found = this.#found.get(network) ?? new Map<string, readonly Override[]>();
    this.#version += 1;
    this.#found.set(network, found.set(id, outside));
    this.#networkOf.set(id, network);
  }

  #forget(id: string): void {
    const network = this.#networkOf.get(id);
    if (network === undefined) return;
    this.#version += 1;
    this.#networkOf.delete(id);
    this.#found.get(network)?.delete(id);
  }
}

/** Every network that a driver makes has an entry, also one in which nobody owns a block. */
function blocksOf(snapshot: Snapshot): Blocks {
  const blocks = new Map<string, Map<string, Cidr[]>>();
  for (const { name, driver } of snapshot.all('network')) if (driver !== 'none') blocks.set(name, new Map());
  for (const { network, hostId, cidr, cidr6 } of snapshot.all('block')) {
    const hosts = blocks.get(network);
    if (!hosts) continue;
    const ranges = [cidr, cidr6].flatMap((text) => (text === undefined ? [] : (parseCidr(text) ?? [])));
    hosts.set(hostId, [...(hosts.get(hostId) ?? []), ...ranges]);
  }
  return blocks;
}
