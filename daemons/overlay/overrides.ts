// Pure: containers whose address lies outside their host's blocks. They are few among very many containers, so they are found
// once and then carried along with each change; a change of blocks concerns the containers of their hosts alone.
import { type Cidr, contains, type Ip, parseCidr, parseIp } from '../shared/model/ip.ts';
import type { BlockObject, ContainerObject, ContainerState } from '../shared/model/objects.ts';
import { type Change, type Snapshot, splitKey } from '../shared/model/snapshot.ts';

export interface Override {
  readonly hostId: string;
  readonly address: Ip;
}

/** By network, then by the container's id. */
export type Overrides = ReadonlyMap<string, ReadonlyMap<string, readonly Override[]>>;

/** A container that is being stopped still sends, and its peers must find the way back. */
const present: ReadonlySet<ContainerState> = new Set(['starting', 'running', 'stopping']);

/** What is known of one block. */
interface Block {
  readonly network: string;
  readonly ranges: readonly Cidr[];
}

export class OverrideIndex {
  readonly #found = new Map<string, Map<string, readonly Override[]>>();
  readonly #networkOf = new Map<string, string>();
  /** Blocks by host, then by key: a new block concerns the containers of its host alone. */
  readonly #blocks = new Map<string, Map<string, Block>>();
  readonly #hostOfBlock = new Map<string, string>();
  /** Ids of containers by host. */
  readonly #residents = new Map<string, Set<string>>();
  readonly #hostOf = new Map<string, string>();
  /** Those that a driver makes. */
  #networks: ReadonlySet<string> = new Set();
  #last: Snapshot | undefined;
  #version = 0;

  /** Counts up whenever the overrides differ. */
  get version(): number {
    return this.#version;
  }

  /** @param change what turned the snapshot of the last call into this one */
  update(snapshot: Snapshot, change: Change): Overrides {
    const last = this.#last;
    const sameGround = last?.hostId === snapshot.hostId && last.table('network') === snapshot.table('network');
    this.#last = snapshot;
    if (sameGround) this.#step(snapshot, change);
    else this.#rebuild(snapshot);
    return this.#found;
  }

  #rebuild(snapshot: Snapshot): void {
    this.#version += 1;
    for (const table of [this.#found, this.#networkOf, this.#blocks, this.#hostOfBlock]) table.clear();
    for (const table of [this.#residents, this.#hostOf]) table.clear();
    const networks = [...snapshot.all('network')].filter(({ driver }) => driver !== 'none');
    this.#networks = new Set(networks.map(({ name }) => name));
    for (const block of snapshot.all('block')) this.#addBlock(block);
    for (const container of snapshot.all('container')) this.#note(container);
  }

  #step(snapshot: Snapshot, change: Change): void {
    const moved = new Set<string>();
    for (const key of change.drop) {
      const { kind, id } = splitKey(key);
      if (kind === 'container') this.#forget(id);
      else if (kind === 'block') moved.add(this.#dropBlock(id));
    }
    for (const object of change.put) {
      if (object.kind !== 'block') continue;
      moved.add(this.#dropBlock(object.id));
      moved.add(this.#addBlock(object));
    }
    for (const object of change.put) {
      if (object.kind !== 'container') continue;
      this.#forget(object.id);
      this.#note(object);
    }
    for (const host of moved) this.#lookAgain(snapshot, host);
  }

  #lookAgain(snapshot: Snapshot, host: string): void {
    for (const id of [...(this.#residents.get(host) ?? [])]) {
      const container = snapshot.get('container', id);
      this.#forget(id);
      if (container) this.#note(container);
    }
  }

  /** @returns the host that has it */
  #addBlock({ id, network, hostId, cidr, cidr6 }: BlockObject): string {
    const ranges = [cidr, cidr6].flatMap((text) => (text === undefined ? [] : (parseCidr(text) ?? [])));
    const blocks = this.#blocks.get(hostId) ?? new Map<string, Block>();
    this.#blocks.set(hostId, blocks.set(id, { network, ranges }));
    this.#hostOfBlock.set(id, hostId);
    return hostId;
  }

  /** @returns the host that had it; an empty text for a block that was nobody's */
  #dropBlock(id: string): string {
    const host = this.#hostOfBlock.get(id) ?? '';
    this.#hostOfBlock.delete(id);
    this.#blocks.get(host)?.delete(id);
    return host;
  }

  #note(container: ContainerObject): void {
    const { id, network, hostId, ips, state, networkFrom } = container;
    this.#hostOf.set(id, hostId);
    const residents = this.#residents.get(hostId);
    if (residents) residents.add(id);
    else this.#residents.set(hostId, new Set([id]));
    if (network === null || !this.#networks.has(network) || networkFrom !== null || !present.has(state)) return;
    const own = [...(this.#blocks.get(hostId)?.values() ?? [])].flatMap((block) =>
      block.network === network ? block.ranges : [],
    );
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
    const host = this.#hostOf.get(id);
    this.#hostOf.delete(id);
    const residents = this.#residents.get(host ?? '');
    residents?.delete(id);
    if (residents?.size === 0) this.#residents.delete(host ?? '');
    const network = this.#networkOf.get(id);
    if (network === undefined) return;
    this.#version += 1;
    this.#networkOf.delete(id);
    this.#found.get(network)?.delete(id);
  }
}
