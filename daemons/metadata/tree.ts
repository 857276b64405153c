// Pure: the tree that a client sees, in one version. Objects are made when they are first asked for and kept for as long as
// they do not change; a client's `self` is made on demand.
import type {
  ContainerObject,
  HostObject,
  NetworkObject,
  ServiceObject,
  SnapshotObject,
  StackObject,
} from '../shared/model/objects.ts';
import { uuidOfName } from '../shared/model/uuid.ts';
import type { Catalog, Listed } from './catalog.ts';
import type { SortedTable } from './sorted-table.ts';
import { containerTree, hostTree, networkTree, type Relations, serviceTree, stackTree } from './tree-objects.ts';
import { absent, TreeList, type TreeMap, type TreeValue } from './tree-values.ts';
import type { TreeVersion } from './tree-versions.ts';

export class VersionTree implements Relations {
  readonly #catalog: Catalog;
  readonly #version: TreeVersion;
  readonly #made = new WeakMap<SnapshotObject, TreeMap>();
  readonly #networkIds = new Map<string, string>();
  readonly #lists: Readonly<Record<Listed, TreeList>>;

  constructor(catalog: Catalog, version: TreeVersion) {
    this.#catalog = catalog;
    this.#version = version;
    const listOf = (kind: Listed): TreeList =>
      new TableList(catalog.tables[kind] as SortedTable<Named>, version.lowerCase && isFolded(kind), (object) =>
        this.of(object),
      );
    this.#lists = {
      container: listOf('container'),
      service: listOf('service'),
      stack: listOf('stack'),
      host: listOf('host'),
      network: listOf('network'),
    };
  }

  /** The tree as this container sees it; undefined is everybody else. */
  clientTree(self: ContainerObject | undefined): TreeMap {
    const lists = this.#lists;
    const whose = this;
    return {
      containers: lists.container,
      ...(this.#version.environments ? { environments: absent } : {}),
      hosts: lists.host,
      name: this.environmentName,
      networks: lists.network,
      region_name: null,
      get self() {
        return whose.#self(self);
      },
      services: lists.service,
      stacks: lists.stack,
      uuid: this.environmentId,
      version: this.#catalog.version,
    };
  }

  #self(container: ContainerObject | undefined): TreeMap {
    const { snapshot } = this.#catalog;
    const host = snapshot.get('host', container?.hostId ?? snapshot.hostId);
    const service = container?.serviceId ? snapshot.get('service', container.serviceId) : undefined;
    const stack = container?.stackId ? snapshot.get('stack', container.stackId) : undefined;
    return {
      ...(container ? { container: this.of(container) } : {}),
      ...(host ? { host: this.of(host) } : {}),
      ...(service ? { service: this.of(service) } : {}),
      ...(stack ? { stack: this.of(stack) } : {}),
    };
  }

  of(object: ContainerObject | ServiceObject | StackObject | HostObject | NetworkObject): TreeMap {
    const known = this.#made.get(object);
    if (known) return known;
    const made = this.#make(object);
    this.#made.set(object, made);
    return made;
  }

  #make(object: ContainerObject | ServiceObject | StackObject | HostObject | NetworkObject): TreeMap {
    switch (object.kind) {
      case 'container':
        return containerTree(object, this.#version, this);
      case 'service':
        return serviceTree(object, this.#version, this);
      case 'stack':
        return stackTree(object, this.#version, this);
      case 'host':
        return hostTree(object, this.#version, this);
      case 'network':
        return networkTree(object, this);
      default: {
        const never: never = object;
        return never;
      }
    }
  }

  get environmentId(): string {
    for (const { id } of this.#catalog.snapshot.all('environment')) return id;
    return '';
  }

  get environmentName(): string {
    for (const { name } of this.#catalog.snapshot.all('environment')) return name;
    return '';
  }

  networkId(name: string): string {
    const known = this.#networkIds.get(name) ?? uuidOfName(this.environmentId, `network/${name}`);
    this.#networkIds.set(name, known);
    return known;
  }

  host(id: string): HostObject | undefined {
    return this.#catalog.snapshot.get('host', id);
  }

  serviceUuid(id: string): string | null {
    return this.#catalog.snapshot.get('service', id)?.uuid ?? null;
  }

  containersOf(service: ServiceObject): TreeMap[] {
    const containers = service.containerIds.map((id) => this.#catalog.snapshot.get('container', id));
    return containers.flatMap((container) => (container ? [this.of(container)] : []));
  }

  servicesOf(stack: StackObject): TreeMap[] {
    const services = [...this.#catalog.serviceIdsOf(stack.id)].flatMap(
      (id) => this.#catalog.snapshot.get('service', id) ?? [],
    );
    services.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id < b.id ? -1 : 1));
    return services.map((service) => this.of(service));
  }
}

/** Names of hosts and networks keep their case in every version. */
function isFolded(kind: Listed): boolean {
  return kind === 'container' || kind === 'service' || kind === 'stack';
}

type Named = ContainerObject | ServiceObject | StackObject | HostObject | NetworkObject;

class TableList extends TreeList {
  readonly #table: SortedTable<Named>;
  readonly #folded: boolean;
  readonly #make: (object: Named) => TreeMap;

  constructor(table: SortedTable<Named>, folded: boolean, make: (object: Named) => TreeMap) {
    super();
    this.#table = table;
    this.#folded = folded;
    this.#make = make;
  }

  get length(): number {
    return this.#table.items.length;
  }

  at(index: number): TreeValue | undefined {
    const object = this.#table.items[index];
    return object && this.#make(object);
  }

  named(text: string): TreeValue | undefined {
    const lower = text.toLowerCase();
    const byName = this.#folded && text !== lower ? [] : this.#table.withName(lower);
    const object = byName.find(({ name }) => this.#folded || name === text) ?? this.#table.withUuid(text)[0];
    return object && this.#make(object);
  }
}
