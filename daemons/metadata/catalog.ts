// Pure: the snapshot arranged for clients: lists in a stable order, containers by address, and the version of it all. Follows
// the snapshot change by change.
import { type Ipv4, parseIpv4 } from '../shared/model/ipv4.ts';
import type {
  ContainerObject,
  HostObject,
  NetworkObject,
  ServiceObject,
  SnapshotObject,
  StackObject,
} from '../shared/model/objects.ts';
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

export class Catalog {
  readonly tables: Tables;
  readonly #version = new ContentVersion();
  readonly #byAddress = new Map<Ipv4, ContainerObject[]>();
  readonly #servicesOf = new Map<string, Set<string>>();
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
  containerAt(address: Ipv4): ContainerObject | undefined {
    return this.#byAddress.get(address)?.[0];
  }

  has(address: Ipv4): boolean {
    return this.#byAddress.has(address);
  }

  /** Ids of the launch configurations of a stack. */
  serviceIdsOf(stackId: string): Iterable<string> {
    return this.#servicesOf.get(stackId) ?? [];
  }

  update({ snapshot, change, before }: Revision): void {
    const out = new Lists();
    const into = new Lists();
    for (const key of change.drop) {
      const { kind, id } = splitKey(key);
      this.#replace(before.get(kind, id), undefined, out, into);
    }
    for (const { kind, id } of change.put) this.#replace(before.get(kind, id), snapshot.get(kind, id), out, into);
    for (const kind of Object.keys(this.tables) as Listed[]) {
      (this.tables[kind] as SortedTable<SnapshotObject>).change(out.of(kind), into.of(kind));
    }
    this.#snapshot = snapshot;
  }

  #replace(old: SnapshotObject | undefined, now: SnapshotObject | undefined, out: Lists, into: Lists): void {
    if (old) {
      this.#version.remove(old);
      out.add(old);
      if (old.kind === 'container') this.#forgetAddresses(old);
      if (old.kind === 'service') this.#forgetService(old);
    }
    if (now) {
      this.#version.add(now);
      into.add(now);
      if (now.kind === 'container') this.#noteAddresses(now);
      if (now.kind === 'service') {
        const ids = this.#servicesOf.get(now.stackId) ?? new Set();
        this.#servicesOf.set(now.stackId, ids.add(now.id));
      }
    }
  }

  #forgetService({ stackId, id }: ServiceObject): void {
    const ids = this.#servicesOf.get(stackId);
    ids?.delete(id);
    if (ids?.size === 0) this.#servicesOf.delete(stackId);
  }

  /** Only containers of this host have a `self`: others' addresses cannot come in by our bridges. */
  #noteAddresses(container: ContainerObject): void {
    if (container.hostId !== this.#snapshot.hostId || container.state === 'stopped') return;
    for (const address of addressesOf(container)) {
      const owners = [...(this.#byAddress.get(address) ?? []), container];
      this.#byAddress.set(
        address,
        owners.sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1)),
      );
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

function addressesOf(container: ContainerObject): Ipv4[] {
  return container.ips.map(parseIpv4).filter((address) => address !== undefined);
}

/** By name whatever its case, then as the kind wants, then by id: the same order on every host and in every version. */
function tableOf<T extends { name: string; id: string }>(
  then: (a: T, b: T) => number,
  uuidOf: (object: T) => string = (object) => object.id,
): SortedTable<T> {
  const compare = (a: T, b: T): number => {
    const [x, y] = [a.name.toLowerCase(), b.name.toLowerCase()];
    if (x !== y) return x < y ? -1 : 1;
    return then(a, b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  };
  return new SortedTable<T>({ compare, nameOf: (object) => object.name, uuidOf });
}
