// Pure: the `declared` section of the configuration as objects: hosts whole, containers as records, services as the fields
// that they name. What is derived from labels is laid below them (derive.ts, declared-containers.ts).
import type { DeclaredContainer, DeclaredService } from '../shared/daemon/config-declared.ts';
import type { Config } from '../shared/daemon/config-schema.ts';
import { label } from '../shared/model/labels.ts';
import type { ContainerRecord, HostObject } from '../shared/model/objects.ts';
import { uuidOfName } from '../shared/model/uuid.ts';
import type { Declaration } from './declared-containers.ts';
import type { DeclaredStack } from './derive.ts';
import type { NamedFields } from './derive-unit.ts';
import type { Identity } from './store/store.ts';

export interface DeclaredObjects {
  /** The own host as declared comes first, if it is. */
  readonly hosts: readonly HostObject[];
  readonly containers: readonly Declaration[];
  readonly stacks: readonly DeclaredStack[];
  /** Tokens by the uuid of their service: kept out of all objects, so that no watch and no listing can show them. */
  readonly tokens: ReadonlyMap<string, string>;
  /** What could not be used, in words. */
  readonly leftOut: readonly string[];
}

/** `others`: hosts that are known without a declaration. */
export function declaredObjects(
  identity: Identity,
  declared: Config['declared'],
  own: HostObject,
  others: readonly HostObject[] = [],
): DeclaredObjects {
  const { clusterId } = identity;
  const hosts = declared.hosts.map((host): HostObject => {
    const isOwn = host.uuid === own.id || (host.uuid === undefined && isSameName(host.name, own.name));
    const { uuid, ...named } = host;
    const other = others.find(({ id, name }) => (uuid === undefined ? isSameName(name, host.name) : id === uuid));
    const base = isOwn
      ? own
      : (other ?? { ...bareHost, id: uuid ?? uuidOfName(clusterId, `host/${host.name}`), hostname: host.name });
    return { ...base, ...defined(named) } as HostObject;
  });
  const leftOut: string[] = [];
  const containers = declared.containers.flatMap((container, at) => {
    const isOwn = container.host === undefined || isSameName(container.host, own.name);
    const host = isOwn ? own : [...hosts, ...others].find(({ name }) => isSameName(name, container.host!));
    if (!host) leftOut.push(`container ${container.name}: no host ${container.host} is declared`);
    return host ? [declarationOf(clusterId, host, container, at)] : [];
  });
  return { hosts, containers, stacks: stacksOf(declared), tokens: tokensOf(clusterId, declared.services), leftOut };
}

const isSameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

const bareHost = {
  kind: 'host',
  agentIp: null,
  labels: {},
  memory: null,
  milliCpu: null,
  localStorageMb: null,
} as const;

/** Without keys that are there and undefined, which would hide what they are laid over. */
function defined<T extends object>(named: T): Partial<T> {
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function declarationOf(clusterId: string, host: HostObject, one: DeclaredContainer, at: number): Declaration {
  const labels = {
    ...one.labels,
    ...(one.stack === undefined ? {} : { [label.stack]: one.stack }),
    ...(one.service === undefined ? {} : { [label.service]: one.service }),
  };
  const { hostname, health, links, dns, dnsSearch, system } = one;
  const named = defined({ hostname, health, links, dns, dnsSearch, system }) as Partial<ContainerRecord>;
  const record: ContainerRecord = {
    kind: 'container',
    id: one.uuid ?? uuidOfName(clusterId, `container/${host.id}/${one.name.toLowerCase()}`),
    name: one.name,
    externalId: null,
    hostId: host.id,
    network: one.network ?? null,
    ips: one.ips ?? [],
    mac: one.mac ?? null,
    ports: one.ports ?? [],
    labels,
    state: one.state ?? 'running',
    health: null,
    hostname: null,
    createdAt: at,
    startCount: 0,
    dns: [],
    dnsSearch: [],
    networkFrom: null,
    system: false,
    ...named,
  };
  return { record, named };
}

function stacksOf({ stacks, services }: Config['declared']): DeclaredStack[] {
  const byStack = Map.groupBy(services, ({ stack }) => stack);
  const names = new Set([...stacks.map(({ name }) => name), ...byStack.keys()]);
  return [...names].map((name) => {
    const units = new Map<string, Map<string | null, NamedFields>>();
    for (const service of byStack.get(name) ?? []) {
      const primary = service.primary ?? service.name;
      const unit = units.get(primary) ?? new Map<string | null, NamedFields>();
      units.set(primary, unit);
      unit.set(service.primary === undefined ? null : service.name, namedFields(service));
      for (const sidekick of service.sidekicks ?? []) if (!unit.has(sidekick)) unit.set(sidekick, {});
    }
    return { name, system: stacks.find((stack) => stack.name === name)?.system, units };
  });
}

function namedFields(service: DeclaredService): NamedFields {
  const { ports, expose, labels, metadata, scale, hostname, externalIps, vip, fqdn, healthCheck, lbConfig, system } =
    service;
  const isExternal = (externalIps?.length ?? 0) > 0 || hostname !== undefined;
  return defined({
    serviceKind: service.kind ?? (isExternal ? 'externalService' : undefined),
    links: service.links && linksOf(service.links, service.stack),
    hasHealthCheck: healthCheck && true,
    ...{ ports, expose, labels, metadata, scale, hostname, externalIps, vip, fqdn, healthCheck, lbConfig, system },
  }) as NamedFields;
}

/** `stack/service` to alias; the alias of a list's entry is the name of the service. */
function linksOf(links: NonNullable<DeclaredService['links']>, stack: string): Record<string, string> {
  const pairs = Array.isArray(links)
    ? links.map((link) => [link, link.split('/').at(-1)!] as const)
    : Object.entries(links);
  return Object.fromEntries(pairs.map(([link, alias]) => [link.includes('/') ? link : `${stack}/${link}`, alias]));
}

function tokensOf(clusterId: string, services: readonly DeclaredService[]): Map<string, string> {
  const given = services.filter(({ token }) => token !== undefined);
  return new Map(given.map(({ stack, name, token }) => [uuidOfName(clusterId, `${stack}/${name}`), token!]));
}
