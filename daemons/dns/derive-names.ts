// Pure: which names an object of the snapshot stands for, and which addresses a service has.
import { type Ip, parseIp } from '../shared/model/ip.ts';
import type { ContainerObject, ServiceObject, SnapshotObject } from '../shared/model/objects.ts';
import { parseName } from './wire-names.ts';

/** What a name leads to. Neither addresses nor alias: the name exists and has no records. */
export interface Endpoints {
  readonly addresses: readonly Ip[];
  /** Canonical name (CNAME) outside or inside the zone; addresses beside it count only while it leads nowhere. */
  readonly alias: string | undefined;
}

/** Objects of the snapshot, as far as addresses need them. */
export interface Objects {
  container(id: string): ContainerObject | undefined;
  servicesNamed(name: string): readonly ServiceObject[];
  /** False for one whose host is gone from the cluster. */
  isReachable(container: ContainerObject): boolean;
  /** The name of this cluster's environment, undefined while it is unknown. */
  readonly environment: string | undefined;
}

/** Links of links that are followed; deeper ones are cut, and so is every cycle. */
export const maxLinkDepth = 16;
/** Names of Kubernetes' services; only those that exist are ours, the rest of the zone is not. */
export const kubernetesZone = 'svc.cluster.local';
/** Labels as in host names, and underscores, which Compose puts into container names. */
const soundName = /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/;
const maxNameLength = 253;

/** Lower-case name from parts, or nothing if a part could not stand in a name. Such objects are reachable by address only. */
export function joinName(...parts: readonly string[]): string | undefined {
  const name = parts.join('.').toLowerCase();
  return name.length <= maxNameLength && soundName.test(name) ? name : undefined;
}

/** The one name of the zone that an object claims, if any. */
export function nameOf(object: SnapshotObject, zone: string): string | undefined {
  if (object.kind === 'container') return joinName(object.name, zone);
  if (object.kind !== 'service') return undefined;
  return isSidekick(object)
    ? joinName(object.name, object.primaryServiceName, object.stackName, zone)
    : joinName(object.name, object.stackName, zone);
}

/** All names that an object claims: a service of Kubernetes has the one that it is known by there as well. */
export function namesOf(object: SnapshotObject, zone: string): string[] {
  const names = [nameOf(object, zone)];
  if (object.kind === 'service' && object.serviceKind.toLowerCase() === 'kubernetesservice') {
    names.push(joinName(object.name, object.stackName, kubernetesZone));
  }
  return names.filter((name) => name !== undefined);
}

export function isSidekick(service: ServiceObject): boolean {
  const primary = service.primaryServiceName.toLowerCase();
  return primary !== '' && primary !== service.name.toLowerCase();
}

export interface LinkTarget {
  readonly name: string;
  readonly stack: string;
  /** The link names its environment too; its alias then stands for itself, not for a name in the target's stack. */
  readonly isFull: boolean;
}

/**
 * The target of a link, given as `stack/service`, `environment/stack/service` or `region/environment/stack/service`. There is
 * one environment, and no region: a link to another environment leads nowhere.
 */
export function linkTarget(link: string, zone: string, environment: string | undefined): LinkTarget | undefined {
  const [service, stack, named, ...region] = link.split('/').reverse();
  if (!stack || !service || region.length > 1) return undefined;
  if (named !== undefined && named.toLowerCase() !== environment?.toLowerCase()) return undefined;
  const name = joinName(service, stack, zone);
  return name === undefined ? undefined : { name, stack, isFull: named !== undefined };
}

/** Links that were not followed, by the names of the services: a cycle, or a chain that is too long. */
export interface Cut {
  readonly why: 'cycle' | 'depth';
  readonly members: readonly string[];
}

/** What a service's name leads to; `cut` is told of each link that was not followed. */
export function serviceEndpoints(
  service: ServiceObject,
  objects: Objects,
  zone: string,
  cut: (what: Cut) => void,
): Endpoints {
  const addresses = new Set<Ip>();
  /** The depth at which a service was met; it is visited again if it is met nearer, since it may reach further from there. */
  const visited = new Map<string, number>();
  const path: ServiceObject[] = [];
  let alias: string | undefined;
  const tell = (why: Cut['why'], services: readonly ServiceObject[]): void =>
    cut({ why, members: services.map((one) => nameOf(one, zone) ?? one.name) });
  const visitLinks = (one: ServiceObject): void => {
    path.push(one);
    for (const link of Object.keys(one.links)) {
      const target = linkTarget(link, zone, objects.environment);
      for (const next of target ? objects.servicesNamed(target.name) : []) visit(next);
    }
    path.pop();
  };
  const visit = (one: ServiceObject): void => {
    const before = path.indexOf(one);
    if (before >= 0) tell('cycle', path.slice(before));
    else if (path.length > maxLinkDepth) tell('depth', [...path, one]);
    else if (path.length < (visited.get(one.id) ?? Number.POSITIVE_INFINITY)) {
      visited.set(one.id, path.length);
      const kind = one.serviceKind.toLowerCase();
      if (kind === 'dnsservice') visitLinks(one);
      else for (const address of ownAddresses(one, kind, objects)) addresses.add(address);
      if (kind === 'externalservice' && one.hostname) alias = parseName(one.hostname) ?? alias;
    }
  };
  visit(service);
  return { addresses: [...addresses], alias };
}

function ownAddresses(service: ServiceObject, kind: string, objects: Objects): Ip[] {
  if (kind === 'externalservice') return parseAll(service.externalIps);
  if (service.vip) return parseAll([service.vip]);
  const good: Ip[] = [];
  let last: readonly Ip[] = [];
  for (const id of service.containerIds) {
    const container = objects.container(id);
    const addresses = container ? addressesOf(container, objects) : [];
    if (addresses.length === 0) continue;
    last = addresses;
    if (isPublished(container!, service) && objects.isReachable(container!)) good.push(...addresses);
  }
  // As in the original: if no endpoint qualifies, the last one is published, never an empty set.
  return good.length === 0 ? [...last] : good;
}

/** Its own first address of each family. */
export function ownAddressesOf(container: ContainerObject): Ip[] {
  const { ips } = container;
  const first = ips.length === 0 ? undefined : parseIp(ips[0]!);
  if (first !== undefined && ips.length === 1) return [first];
  const found: Ip[] = [];
  for (const text of ips) {
    const address = parseIp(text);
    if (address !== undefined && !found.some((one) => typeof one === typeof address)) found.push(address);
  }
  return found;
}

/** Its own first address of each family, or those of the container whose namespace it shares. */
export function addressesOf(container: ContainerObject, objects: Pick<Objects, 'container'>): Ip[] {
  const own = ownAddressesOf(container);
  if (own.length > 0 || container.networkFrom === null) return own;
  const parent = objects.container(container.networkFrom);
  return parent ? ownAddressesOf(parent) : [];
}

function isPublished(container: ContainerObject, service: ServiceObject): boolean {
  if (!isRunning(container)) return false;
  return container.health === 'healthy' || (container.health === null && !service.hasHealthCheck);
}

export function isRunning(container: ContainerObject): boolean {
  return container.state === 'running' || container.state === 'starting';
}

function parseAll(texts: readonly string[]): Ip[] {
  return texts.map(parseIp).filter((address) => address !== undefined);
}
