// Pure: the snapshot arranged for clients: lists in a stable order, containers by address, and the version of it all. Follows
// the snapshot change by change.
import { type Ip, parseIp } from '../shared/model/ip.ts';
import type {
  ContainerObject,
  HostObject,
  NetworkObject,
  ServiceObject,
  SnapshotObject,
  StackObject,
} from '../shared/model/objects.ts';
import { SharedMap } from '../shared/model/shared-map.ts';
import { Snapshot, splitKey } from '../shared/model/snapshot.ts';
import { ContentVersion } from './content-version.ts';
import { SortedTable } from './sorted-table.ts';
import type { Revision } from './state.ts';

export interface Tables {
  readonly container: SortedTable<ContainerObject>;
  readonly service: SortedTable<ServiceObject>;
  readonly stack: SortedTable<StackObject>;
  readonly host: SortedTable<HostObject>;
  readonly network: SortedTable<NetworkObject>;
}

export type Listed = keyof Tables;
export type ListedObject = ContainerObject | ServiceObject | StackObject | HostObject | NetworkObject;

/** What the trees show: the catalog as it is now, or as it was when it was pinned. */
export interface View {
  readonly snapshot: Snapshot;
  readonly version: string;
  /** All objects of a kind, in order. */
  items(kind: Listed): readonly ListedObject[];
  /** Ids of the launch configurations of a stack. */
  serviceIdsOf(stackId: string): readonly string[];
}

/** The start from the store, a change of more objects than this, leaves the version for later. */
const manyObjects = 5_000;

export class Catalog implements View {
  readonly tables: Tables;
  readonly #version = new ContentVersion();
  /** Until somebody has seen to what was left. */
  #mayCountLater = true;
  readonly #byAddress = new Map<Ip, ContainerObject[]>();
  #servicesOf = new SharedMap<readonly string[]>();
  #snapshot: Snapshot;

  constructor(hostId: string) {
    this.#snapshot = Snapshot.empty(hostId);
    const isAway = (container: ContainerObject): number => (container.hostId === hostId ? 0 : 1);
    this.tables = {
      container: tableOf((a, b) => isAway(a) - isAway(b) || a.createdAt - b.createdAt),
      service: tableOf(
        (a, b) => (a.createIndex ?? 0) - (b.createIndex ?? 0),
        (service) => service.uuid,
      ),
      stack: tableOf(() => 0),
      host: tableOf(() => 0),
      network: tableOf(() => 0),
    };
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  get version(): string {
    return this.#version.text;
  }

  /** Local containers by address: a newer one first, so that an address used again belongs to its new owner. */
  containerAt(address: Ip): ContainerObject | undefined {
    return this.#byAddress.get(address)?.[0];
  }

  has(address: Ip): boolean {
    return this.#byAddress.has(address);
  }

  items(kind: Listed): readonly ListedObject[] {
    return this.tables[kind].items;
  }

  serviceIdsOf(stackId: string): readonly string[] {
    return this.#servicesOf.get(stackId) ?? [];
  }

  withName(kind: Listed, lowerCased: string): readonly ListedObject[] {
    return this.tables[kind].withName(lowerCased);
  }

  /** The first of them: a sidekick has the uuid of its primary. */
  withUuid(kind: Listed, uuid: string): ListedObject | undefined {
    return kind === 'service' ? this.tables.service.withUuid(uuid)[0] : this.#snapshot.get(kind, uuid);
  }

  /** Goes on with the version that a large change left for later. True when there is nothing to do; from then on, nothing is left. */
  countVersion(most: number): boolean {
    this.#mayCountLater = !this.#version.countSome(most);
    return !this.#mayCountLater;
  }

  /** The state of now, which later changes leave alone. */
  pin(): View {
    const items = Object.fromEntries(
      (Object.keys(this.tables) as Listed[]).map((kind) => [kind, this.tables[kind].pin()]),
    ) as Record<Listed, readonly ListedObject[]>;
    const [snapshot, version, services] = [this.#snapshot, this.version, this.#servicesOf];
    return {
      snapshot,
      version,
      items: (kind) => items[kind],
      serviceIdsOf: (stackId) => services.get(stackId) ?? [],
    };
  }

  update({ snapshot, change, before }: Revision): void {
    const version = this.#mayCountLater && change.put.length > manyObjects ? 'addLater' : 'add';
    const out = new Lists();
    const into = new Lists();
    const moved = new Map<string, Set<string>>();
    const replace = (old: SnapshotObject | undefined, now: SnapshotObject | undefined): void => {
      if (old) this.#remove(old, out);
      if (now) this.#add(now, into, version);
      for (const object of [old, now]) if (object?.kind === 'service') this.#noteService(object, object === now, moved);
    };
    for (const key of change.drop) {
      const { kind, id } = splitKey(key);
      replace(before.get(kind, id), undefined);
    }
    for (const object of change.put) replace(before.get(object.kind, object.id), object);
    const lists = [...moved].map(([stackId, ids]) => [stackId, ids.size > 0 ? [...ids] : undefined] as const);
    this.#servicesOf = this.#servicesOf.with(lists);
    for (const kind of Object.keys(this.tables) as Listed[]) {
      (this.tables[kind] as SortedTable<SnapshotObject>).change(out.of(kind), into.of(kind));
    }
    this.#snapshot = snapshot;
  }

  #remove(old: SnapshotObject, out: Lists): void {
    this.#version.remove(old);
    out.add(old);
    if (old.kind === 'container') this.#forgetAddresses(old);
  }

  #add(now: SnapshotObject, into: Lists, version: 'add' | 'addLater'): void {
    this.#version[version](now);
    into.add(now);
    if (now.kind === 'container') this.#noteAddresses(now);
  }

  #noteService({ stackId, id }: ServiceObject, isThere: boolean, moved: Map<string, Set<string>>): void {
    const ids = moved.get(stackId) ?? new Set(this.serviceIdsOf(stackId));
    moved.set(stackId, ids);
    if (isThere) ids.add(id);
    else ids.delete(id);
  }

  /** Only containers of this host have a `self`: others' addresses cannot come in by our bridges. */
  #noteAddresses(container: ContainerObject): void {
    if (container.hostId !== this.#snapshot.hostId || container.state === 'stopped') return;
    for (const address of addressesOf(container)) {
      const owners = [...(this.#byAddress.get(address) ?? []), container];
      this.#byAddress.set(address, owners.sort(compareOwners));
    }
  }

  #forgetAddresses(container: ContainerObject): void {
    for (const address of addressesOf(container)) {
      const owners = this.#byAddress.get(address)?.filter(({ id }) => id !== container.id) ?? [];
      if (owners.length > 0) this.#byAddress.set(address, owners);
      else this.#byAddress.delete(address);
    }
  }
}

/** Whoever shares another one's network is not the owner of its address; of the others the newest is. */
function compareOwners(a: ContainerObject, b: ContainerObject): number {
  const isGuest = ({ networkFrom }: ContainerObject): number => (networkFrom === null ? 0 : 1);
  return isGuest(a) - isGuest(b) || b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1);
}

/** Objects of one change by kind; kinds without a list are left out. */
class Lists {
  readonly #lists = new Map<string, SnapshotObject[]>();

  add(object: SnapshotObject): void {
    const list = this.#lists.get(object.kind);
    if (list) list.push(object);
    else this.#lists.set(object.kind, [object]);
  }

  of(kind: Listed): SnapshotObject[] {
    return this.#lists.get(kind) ?? [];
  }
}

function addressesOf(container: ContainerObject): Ip[] {
  return container.ips.map(parseIp).filter((address) => address !== undefined);
}

/** By name whatever its case, then as the kind wants, then by id: the same order on every host and in every version. */
function tableOf<T extends { name: string; id: string }>(
  then: (a: T, b: T) => number,
  uuidOf?: (object: T) => string,
): SortedTable<T> {
  const compare = (a: T, b: T): number => {
    const [x, y] = [a.name.toLowerCase(), b.name.toLowerCase()];
    if (x !== y) return x < y ? -1 : 1;
    return then(a, b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  };
  return new SortedTable<T>({ compare, nameOf: (object) => object.name, uuidOf });
}
