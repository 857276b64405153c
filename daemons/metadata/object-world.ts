// Pure: the objects of a stream by kind (metadata reference, section 3.3), with what they say of each other.
import type { Steps } from './steps.ts';
import { isMap, type TreeMap, type TreeValue } from './tree-values.ts';

export type Fields = Record<string, TreeValue>;

/** The objects by kind, as sent. */
export interface ObjectWorld {
  environment: Fields;
  readonly hosts: Map<string, TreeMap>;
  readonly networks: TreeMap[];
  readonly stacks: Map<string, TreeMap>;
  /** By `<uuid>_<name>`: a sidekick shares its primary's uuid. */
  readonly services: Map<string, TreeMap>;
  readonly containers: Map<string, TreeMap>;
  readonly members: Map<string, string[]>;
  readonly serviceLinks: Map<string, Fields>;
  readonly containerLinks: Map<string, Fields>;
  ownHost: string | undefined;
}

/** Malformed objects are left out, and told in `leftOut`. */
export function* sortOut(objects: readonly TreeMap[], leftOut: string[]): Steps<ObjectWorld> {
  const world: ObjectWorld = {
    environment: {},
    hosts: new Map(),
    networks: [],
    stacks: new Map(),
    services: new Map(),
    containers: new Map(),
    members: new Map(),
    serviceLinks: new Map(),
    containerLinks: new Map(),
    ownHost: undefined,
  };
  for (const [at, object] of objects.entries()) {
    if (!take(world, object))
      leftOut.push(`object ${at + 1}: a ${String(object.metadata_kind).slice(0, 40)} without its names`);
    yield;
  }
  return world;
}

/** False for an object without the fields that its kind needs. */
function take(world: ObjectWorld, object: TreeMap): boolean {
  const { metadata_kind: kind, uuid, name, ...others } = object;
  const text = (key: string): string | undefined =>
    typeof others[key] === 'string' ? (others[key] as string) : undefined;
  const keep = (into: Map<string, TreeMap>, key: TreeValue | undefined): boolean => {
    if (typeof key !== 'string') return false;
    const { metadata_kind: _, ...shown } = object;
    into.set(key, shown);
    return true;
  };
  switch (kind) {
    case 'environment':
      world.environment = {
        ...(name === undefined ? {} : { name }),
        ...(uuid === undefined ? {} : { uuid }),
        ...others,
      };
      return true;
    case 'host':
      return keep(world.hosts, uuid);
    case 'network':
      world.networks.push({
        ...others,
        ...(name === undefined ? {} : { name }),
        ...(uuid === undefined ? {} : { uuid }),
      });
      return true;
    case 'stack':
      return keep(world.stacks, uuid);
    case 'service':
      return typeof name === 'string' && keep(world.services, serviceKey(uuid, name));
    case 'container':
      return keep(world.containers, uuid);
    case 'serviceContainerLink':
      return addMember(world, serviceKey(text('service_uuid'), text('service_name') ?? ''), text('container_uuid'));
    case 'serviceLink':
      return addLink(world.serviceLinks, text('service_uuid'), text('key'), others.value);
    case 'containerLink':
      return addLink(world.containerLinks, text('container_uuid'), text('key'), others.value);
    case 'defaultData': {
      const { self } = others;
      const host = self !== undefined && isMap(self) ? self.host : undefined;
      if (host !== undefined && isMap(host) && typeof host.uuid === 'string') world.ownHost = host.uuid;
      return true;
    }
    default:
      return true; // of no meaning to us, keys of linked environments among them
  }
}

export function serviceKey(uuid: TreeValue | undefined, name: string): string | undefined {
  return typeof uuid === 'string' ? `${uuid}_${name}`.toLowerCase() : undefined;
}

function addMember(world: ObjectWorld, service: string | undefined, container: string | undefined): boolean {
  if (service === undefined || container === undefined) return false;
  listIn(world.members, service).push(container);
  return true;
}

function addLink(
  into: Map<string, Fields>,
  owner: string | undefined,
  key: string | undefined,
  value: TreeValue | undefined,
): boolean {
  if (owner === undefined || key === undefined) return false;
  const links = into.get(owner) ?? {};
  into.set(owner, links);
  links[key] = value ?? null;
  return true;
}

function listIn(lists: Map<string, string[]>, key: string): string[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}
