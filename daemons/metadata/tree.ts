// Pure: the tree that a client sees, in one version. Objects are made when they are asked for, a client's `self` too. Whatever
// is looked at is noted, so that it is known on what an answer depends.
import type {
  ContainerObject,
  EnvironmentObject,
  HealthCheck,
  HostObject,
  ObjectOf,
  ServiceObject,
  StackObject,
} from '../shared/model/objects.ts';
import { uuidOfName } from '../shared/model/uuid.ts';
import type { Catalog, Listed, ListedObject } from './catalog.ts';
import { nameOf, servicesOf, uuidOf } from './dependents.ts';
import { first } from './first.ts';
import type { Sight } from './sight.ts';
import type { Tokens } from './tokens.ts';
import { containerTree, hostTree, networkTree, type Relations, serviceTree, stackTree } from './tree-objects.ts';
import { absent, large, TreeList, type TreeMap, type TreeValue } from './tree-values.ts';
import type { TreeVersion } from './tree-versions.ts';

export class VersionTree implements Relations {
  readonly #sight: Sight;
  readonly #version: TreeVersion;
  readonly #catalog: Catalog;
  readonly #tokens: Tokens;
  readonly #networkIds = new Map<string, string>();
  readonly #lists: Readonly<Record<Listed, TreeList>>;
  #environmentOf: { table: unknown; object: EnvironmentObject | undefined } = { table: undefined, object: undefined };

  constructor(catalog: Catalog, sight: Sight, version: TreeVersion, tokens: Tokens) {
    this.#catalog = catalog;
    this.#tokens = tokens;
    this.#sight = sight;
    this.#version = version;
    const listOf = (kind: Listed): TreeList => new TableList(this, catalog, sight, kind);
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
      [large]: true,
      containers: lists.container,
      ...(this.#version.environments ? { environments: absent } : {}),
      hosts: lists.host,
      get name() {
        return whose.environmentName;
      },
      networks: lists.network,
      region_name: null,
      get self() {
        return whose.#self(self);
      },
      services: lists.service,
      stacks: lists.stack,
      get uuid() {
        return whose.environmentId;
      },
      get version() {
        return whose.#contentVersion;
      },
    };
  }

  /** Its parts are made, and noted as seen, when they are looked at; what is missing is noted at once. */
  #self(container: ContainerObject | undefined): TreeMap {
    const self: Record<string, TreeMap> & { [large]?: true } = { [large]: true };
    const part = (kind: 'container' | 'host' | 'service' | 'stack', id: string | null | undefined): void => {
      if (!id) return;
      if (!this.#sight.view.snapshot.get(kind, id)) this.#sight.sawObject(kind, id);
      else Object.defineProperty(self, kind, { enumerable: true, get: () => this.#own(this.#get(kind, id)!) });
    };
    part('container', container?.id);
    part('host', container?.hostId ?? this.#sight.view.snapshot.hostId);
    part('service', container?.serviceId);
    part('stack', container?.stackId);
    return self;
  }

  /** As a caller sees what is its own: a service with its token. */
  #own(object: ListedObject): TreeMap {
    if (object.kind !== 'service') return this.of(object);
    return serviceTree(object, this.#version, this, this.#tokens.of(object.uuid));
  }

  of(object: ListedObject): TreeMap {
    this.#sight.sawObject(object.kind, object.id);
    return this.#make(object);
  }

  #make(object: ListedObject): TreeMap {
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

  /** The name by which lists of this version show an object. */
  shownName({ kind, name }: ListedObject): string {
    return this.folds(kind) ? name.toLowerCase() : name;
  }

  /** Names of hosts and networks keep their case in every version. */
  folds(kind: Listed): boolean {
    return this.#version.lowerCase && (kind === 'container' || kind === 'service' || kind === 'stack');
  }

  get #contentVersion(): string {
    this.#sight.saw('version');
    return this.#sight.view.version;
  }

  get environmentId(): string {
    return this.#environment?.id ?? '';
  }

  get environmentName(): string {
    return this.#environment?.name ?? '';
  }

  get #environment(): EnvironmentObject | undefined {
    this.#sight.saw('environment');
    const table = this.#sight.view.snapshot.table('environment');
    if (table !== this.#environmentOf.table) this.#environmentOf = { table, object: first(table.values(), 1)[0] };
    return this.#environmentOf.object;
  }

  networkId(name: string): string {
    const known = this.#networkIds.get(name) ?? uuidOfName(this.environmentId, `network/${name}`);
    this.#networkIds.set(name, known);
    return known;
  }

  host(id: string): HostObject | undefined {
    return this.#get('host', id);
  }

  serviceUuid(id: string): string | null {
    return this.#get('service', id)?.uuid ?? null;
  }

  healthCheckOf(serviceId: string): HealthCheck | undefined {
    return this.#get('service', serviceId)?.healthCheck;
  }

  containerNamed(hostId: string, name: string): string | undefined {
    const lower = name.toLowerCase();
    this.#sight.saw(nameOf('container', lower), 'container');
    return this.#catalog.tables.container.withName(lower).find((one) => one.hostId === hostId)?.id;
  }

  containersOf(service: ServiceObject): TreeList {
    const containers = service.containerIds.flatMap((id) => this.#get('container', id) ?? []);
    return new ObjectList(this, containers);
  }

  servicesOf(stack: StackObject): TreeList {
    this.#sight.saw(servicesOf(stack.id), 'service');
    const services = this.#sight.view.serviceIdsOf(stack.id).flatMap((id) => this.#get('service', id) ?? []);
    services.sort((a, b) => compareTexts(a.name.toLowerCase(), b.name.toLowerCase()) || compareTexts(a.id, b.id));
    return new ObjectList(this, services);
  }

  #get<K extends 'container' | 'host' | 'service' | 'stack'>(kind: K, id: string): ObjectOf<K> | undefined {
    this.#sight.sawObject(kind, id);
    return this.#sight.view.snapshot.get(kind, id);
  }
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** All objects of a kind, in order. */
class TableList extends TreeList {
  readonly #tree: VersionTree;
  readonly #catalog: Catalog;
  readonly #sight: Sight;
  readonly #kind: Listed;

  constructor(tree: VersionTree, catalog: Catalog, sight: Sight, kind: Listed) {
    super();
    this.#tree = tree;
    this.#catalog = catalog;
    this.#sight = sight;
    this.#kind = kind;
  }

  get #items(): readonly ListedObject[] {
    this.#sight.saw(this.#kind);
    return this.#sight.view.items(this.#kind);
  }

  get length(): number {
    return this.#items.length;
  }

  at(index: number): TreeValue | undefined {
    const object = this.#items[index];
    return object && this.#tree.of(object);
  }

  override nameAt(index: number): string | undefined {
    const object = this.#items[index];
    return object && this.#tree.shownName(object);
  }

  /** Looked up in the catalog of now: paths are followed at once, only rendering takes its time. */
  named(text: string): TreeValue | undefined {
    const lower = text.toLowerCase();
    this.#sight.saw(nameOf(this.#kind, lower), this.#kind);
    this.#sight.saw(uuidOf(this.#kind, text), this.#kind);
    const folds = this.#tree.folds(this.#kind);
    const byName = folds && text !== lower ? [] : this.#catalog.withName(this.#kind, lower);
    const object = byName.find(({ name }) => folds || name === text) ?? this.#catalog.withUuid(this.#kind, text);
    return object && this.#tree.of(object);
  }
}

/** Some objects of another one: the containers of a service, the services of a stack. */
class ObjectList extends TreeList {
  readonly #tree: VersionTree;
  readonly #objects: readonly (ContainerObject | ServiceObject)[];

  constructor(tree: VersionTree, objects: readonly (ContainerObject | ServiceObject)[]) {
    super();
    this.#tree = tree;
    this.#objects = objects;
  }

  get length(): number {
    return this.#objects.length;
  }

  at(index: number): TreeValue | undefined {
    const object = this.#objects[index];
    return object && this.#tree.of(object);
  }

  override nameAt(index: number): string | undefined {
    const object = this.#objects[index];
    return object && this.#tree.shownName(object);
  }

  named(text: string): TreeValue | undefined {
    const object = this.#objects.find(
      (one) => this.#tree.shownName(one) === text || (one.kind === 'service' ? one.uuid : one.id) === text,
    );
    return object && this.#tree.of(object);
  }
}
