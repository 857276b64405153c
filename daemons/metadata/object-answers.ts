// Pure: answers from the objects that later servers send (metadata reference, sections 3.3 and 4). Fields that we do not know are
// shown as they are; helpers (`metadata_kind`, `host_ip`) and malformed objects are not.
import { parsePort } from '../shared/model/ports.ts';
import type { Answers, VersionAnswers } from './answers.ts';
import { type Fields, type ObjectWorld, serviceKey, sortOut } from './object-world.ts';
import type { Steps } from './steps.ts';
import { absent, type TreeMap, type TreeValue } from './tree-values.ts';
import { type TreeVersion, treeVersions } from './tree-versions.ts';

/** `version` becomes the answer to /version. */
export function* answersOfObjects(objects: readonly TreeMap[], version: string): Steps<Answers> {
  const leftOut: string[] = [];
  const world = yield* sortOut(objects, leftOut);
  const byVersion = new Map<TreeVersion, VersionAnswers>();
  const versions = new Map<string, VersionAnswers>();
  for (const [name, rules] of treeVersions) {
    const made = byVersion.get(rules) ?? (yield* answersFor(world, rules, version));
    byVersion.set(rules, made);
    versions.set(name, made);
  }
  return { versions, leftOut };
}

interface Place {
  readonly service: Fields;
  readonly stackUuid: TreeValue;
}

function* answersFor(world: ObjectWorld, rules: TreeVersion, version: string): Steps<VersionAnswers> {
  const containers = new Map<string, Fields>();
  for (const [uuid, one] of world.containers) {
    containers.set(uuid, containerOf(world, one, rules));
    yield;
  }
  const places = new Map<string, Place>();
  const services: Fields[] = [];
  for (const [key, one] of world.services) {
    services.push(serviceOf(world, key, one, rules, containers, places));
    yield;
  }
  const byStack = Map.groupBy(services, (service) => service.stack_uuid);
  const stacks = new Map([...world.stacks].map(([uuid, one]) => [uuid, stackOf(one, rules, byStack.get(uuid) ?? [])]));
  const hosts = new Map([...world.hosts].map(([uuid, one]) => [uuid, hostOf(one, rules)]));
  const hostOfUuid = (uuid: TreeValue | undefined): Fields =>
    typeof uuid === 'string' && hosts.has(uuid) ? { host: hosts.get(uuid)! } : {};
  const common: Fields = {
    ...world.environment,
    containers: inOrder([...containers.values()]),
    ...(rules.environments ? { environments: absent } : {}),
    hosts: inOrder([...hosts.values()]),
    networks: world.networks,
    services: inOrder(services),
    stacks: inOrder([...stacks.values()]),
    version,
  };
  const byAddress = ownersOf(containers);
  const selfOf = (uuid: string): TreeMap => {
    const container = containers.get(uuid)!;
    const place = places.get(uuid);
    const stack = typeof place?.stackUuid === 'string' ? stacks.get(place.stackUuid) : undefined;
    const token = place && world.services.get(serviceKey(place.service.uuid, String(place.service.name))!)?.token;
    return {
      container,
      ...hostOfUuid(container.host_uuid),
      ...(place ? { service: { ...place.service, ...(token === undefined ? {} : { token }) } } : {}),
      ...(stack ? { stack } : {}),
    };
  };
  return {
    everybody: { ...common, self: hostOfUuid(world.ownHost) },
    client: (address) => {
      const uuid = byAddress.get(address);
      return uuid === undefined ? undefined : { ...common, self: selfOf(uuid) };
    },
  };
}

/** Containers by their address; the first one has it. */
function ownersOf(containers: ReadonlyMap<string, Fields>): Map<string, string> {
  const byAddress = new Map<string, string>();
  for (const [uuid, { primary_ip: address }] of containers) {
    if (typeof address === 'string' && !byAddress.has(address)) byAddress.set(address, uuid);
  }
  return byAddress;
}

function containerOf(world: ObjectWorld, one: TreeMap, rules: TreeVersion): Fields {
  const { host_ip: hostIp, ...shown } = one;
  return {
    ...shown,
    links: world.containerLinks.get(String(one.uuid)) ?? absent,
    name: cased(one.name ?? null, rules),
    ...(Array.isArray(one.ports) ? { ports: one.ports.map((port: TreeValue) => portOf(port, hostIp, rules)) } : {}),
  };
}

/** `public:private/protocol` gets an address; in the older versions that of the host, in place of 0.0.0.0 too. */
function portOf(port: TreeValue, hostIp: TreeValue | undefined, rules: TreeVersion): TreeValue {
  if (typeof port !== 'string') return port;
  const isBare = /^\d+:\d+(\/\w+)?$/.test(port);
  if (!rules.portsOfHost) return isBare ? `0.0.0.0:${port}` : port;
  const rest = isBare
    ? port
    : port.startsWith('0.0.0.0:') && parsePort(port)
      ? port.slice('0.0.0.0:'.length)
      : undefined;
  if (rest === undefined) return port;
  return typeof hostIp === 'string' ? `${hostIp}:${rest}` : rest;
}

function serviceOf(
  world: ObjectWorld,
  key: string,
  one: TreeMap,
  rules: TreeVersion,
  containers: ReadonlyMap<string, Fields>,
  places: Map<string, Place>,
): Fields {
  const members = (world.members.get(key) ?? []).filter((uuid) => containers.has(uuid));
  const links = Object.entries(world.serviceLinks.get(String(one.uuid)) ?? {});
  const shown: Fields = {
    ...one,
    links:
      links.length > 0 || rules.lowerCase
        ? Object.fromEntries(links.map(([name, alias]) => [cased(name, rules), alias]))
        : absent,
    name: cased(one.name!, rules),
    primary_service_name: cased(one.primary_service_name ?? null, rules),
    sidekicks: Array.isArray(one.sidekicks) ? one.sidekicks.map((name: TreeValue) => cased(name, rules)) : [],
    stack_name: cased(one.stack_name ?? null, rules),
    ...(one.token === undefined ? {} : { token: null }),
  };
  for (const uuid of members) {
    const container = containers.get(uuid)!;
    container.service_name = shown.name!;
    container.service_uuid = one.uuid ?? null;
    container.stack_name = shown.stack_name!;
    container.stack_uuid = one.stack_uuid ?? null;
    places.set(uuid, { service: shown, stackUuid: one.stack_uuid ?? null });
  }
  shown.containers = members.length === 0 ? absent : members.map((uuid) => referred(containers.get(uuid)!, rules));
  return shown;
}

function stackOf(one: TreeMap, rules: TreeVersion, services: readonly Fields[]): Fields {
  const shown = inOrder(services).map((service) => referred(service, rules));
  return { ...one, name: cased(one.name ?? null, rules), services: shown };
}

function hostOf(one: TreeMap, rules: TreeVersion): Fields {
  const { hostId, ...shown } = one;
  return hostId === undefined || !rules.hostNumbers ? shown : { ...shown, hostId };
}

/** As a list inside of another object shows it. */
function referred(object: Fields, rules: TreeVersion): TreeValue {
  return rules.namesOnly ? (object.name ?? object.uuid ?? null) : object;
}

function cased<T extends TreeValue>(value: T, rules: TreeVersion): T {
  return rules.lowerCase && typeof value === 'string' ? (value.toLowerCase() as T) : value;
}

/** By name whatever its case, then by age, then by uuid: the same however the objects were sent. */
function inOrder(objects: readonly Fields[]): Fields[] {
  const keyed = objects.map((object) => ({
    object,
    name: String(object.name ?? '').toLowerCase(),
    index: Number(object.create_index ?? 0),
  }));
  keyed.sort(
    (a, b) => order(a.name, b.name) || a.index - b.index || order(String(a.object.uuid), String(b.object.uuid)),
  );
  return keyed.map(({ object }) => object);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
