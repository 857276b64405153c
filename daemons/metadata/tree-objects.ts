// Pure: objects of the snapshot in the field names of Rancher's clients (metadata reference, section 6). Keys are written in
// order, so that JSON needs no sorting; what depends on other objects is a getter, so that each object is made only once.
import type {
  ContainerObject,
  HealthCheck,
  HostObject,
  NetworkObject,
  ServiceObject,
  StackObject,
} from '../shared/model/objects.ts';
import { parsePort, renderPort } from '../shared/model/ports.ts';
import { absent, large, type TreeList, type TreeMap, type TreeValue } from './tree-values.ts';
import type { TreeVersion } from './tree-versions.ts';

/** What the objects need to know of each other. */
export interface Relations {
  readonly environmentId: string;
  readonly environmentName: string;
  networkId(name: string): string;
  host(id: string): HostObject | undefined;
  /** The uuid that clients see of a launch configuration. */
  serviceUuid(id: string): string | null;
  healthCheckOf(serviceId: string): HealthCheck | undefined;
  /** The id of the container of this name on a host. */
  containerNamed(hostId: string, name: string): string | undefined;
  containersOf(service: ServiceObject): TreeList;
  servicesOf(stack: StackObject): TreeList;
}

export function containerTree(container: ContainerObject, version: TreeVersion, world: Relations): TreeMap {
  const shown = caseOf(version);
  return {
    create_index: container.createdAt,
    dns: container.dns,
    dns_search: container.dnsSearch,
    environment_uuid: world.environmentId,
    external_id: container.externalId,
    get health_check() {
      return healthCheckTree(container.serviceId === null ? undefined : world.healthCheckOf(container.serviceId));
    },
    health_check_hosts: [],
    health_state: container.health,
    host_uuid: container.hostId,
    hostname: container.hostname,
    ips: container.ips,
    labels: container.labels,
    get links() {
      return linksOf(container, world);
    },
    memory_reservation: null,
    milli_cpu_reservation: null,
    name: shown(container.name),
    network_from_container_uuid: container.networkFrom,
    network_uuid: container.network === null ? null : world.networkId(container.network),
    get ports() {
      return version.portsOfHost ? portsOf(container.ports, world.host(container.hostId)) : container.ports;
    },
    primary_ip: container.ips[0] ?? null,
    primary_mac_address: container.mac,
    service_index: container.serviceIndex,
    service_name: shown(container.serviceName),
    /** A sidekick shares its primary's. */
    get service_uuid() {
      return container.serviceId === null ? null : world.serviceUuid(container.serviceId);
    },
    stack_name: shown(container.stackName),
    stack_uuid: container.stackId,
    start_count: container.startCount,
    state: container.state,
    system: container.system,
    uuid: container.id,
  };
}

/** `token` is for the service's own containers; everybody else is shown none. */
export function serviceTree(
  service: ServiceObject,
  version: TreeVersion,
  world: Relations,
  token: string | null = null,
): TreeMap {
  const shown = caseOf(version);
  const links = Object.fromEntries(Object.entries(service.links).map(([name, alias]) => [shown(name), alias]));
  const hasLinks = Object.keys(links).length > 0;
  return {
    [large]: true,
    get containers(): TreeValue {
      const containers = world.containersOf(service);
      if (containers.length === 0) return absent;
      return version.namesOnly ? namesOf(containers) : containers;
    },
    create_index: service.createIndex,
    environment_uuid: world.environmentId,
    expose: service.expose,
    external_ips: service.externalIps,
    fqdn: service.fqdn ?? null,
    health_check: healthCheckTree(service.healthCheck),
    hostname: service.hostname,
    kind: service.serviceKind,
    labels: service.labels,
    lb_config: (service.lbConfig as TreeMap | undefined) ?? null,
    links: hasLinks || version.lowerCase ? links : absent,
    metadata: service.metadata as TreeMap,
    name: shown(service.name),
    ports: service.ports,
    primary_service_name: shown(service.primaryServiceName),
    scale: service.scale,
    sidekicks: service.sidekicks.map(shown),
    stack_name: shown(service.stackName),
    stack_uuid: service.stackId,
    state: 'active',
    system: service.system,
    token,
    uuid: service.uuid,
    vip: service.vip,
  };
}

/** Link name to uuid of container; names that nobody on the host bears are left out. */
function linksOf({ hostId, links }: ContainerObject, world: Relations): TreeMap {
  const found = Object.entries(links ?? {}).flatMap(([alias, name]) => {
    const id = world.containerNamed(hostId, name);
    return id === undefined ? [] : [[alias, id] as const];
  });
  return found.length === 0 ? absent : Object.fromEntries(found);
}

function healthCheckTree(check: HealthCheck | undefined): TreeMap | null {
  if (!check) return null;
  return {
    healthy_threshold: check.healthyThreshold ?? null,
    interval: check.interval ?? null,
    port: check.port ?? null,
    request_line: check.requestLine ?? null,
    response_timeout: check.responseTimeout ?? null,
    unhealthy_threshold: check.unhealthyThreshold ?? null,
  };
}

export function stackTree(stack: StackObject, version: TreeVersion, world: Relations): TreeMap {
  return {
    [large]: true,
    environment_name: world.environmentName,
    environment_uuid: world.environmentId,
    name: caseOf(version)(stack.name),
    get services(): TreeValue {
      const services = world.servicesOf(stack);
      return version.namesOnly ? namesOf(services) : services;
    },
    system: stack.system,
    uuid: stack.id,
  };
}

export function hostTree(host: HostObject, version: TreeVersion, world: Relations): TreeMap {
  return {
    agent_ip: host.agentIp,
    agent_state: 'active',
    environment_uuid: world.environmentId,
    ...(version.hostNumbers ? { hostId: numberOf(host.id) } : {}),
    hostname: host.hostname,
    labels: host.labels,
    local_storage_mb: host.localStorageMb,
    memory: host.memory,
    milli_cpu: host.milliCpu,
    name: host.name,
    state: 'active',
    uuid: host.id,
  };
}

export function networkTree(network: NetworkObject, world: Relations): TreeMap {
  const { block, bridge, driver, mtu, subnet } = network;
  return {
    default_policy_action: null,
    environment_uuid: world.environmentId,
    host_ports: network.hostPorts,
    is_default: network.isDefault,
    metadata: { block, bridge, driver, mtu, subnet },
    name: network.name,
    policy: null,
    uuid: network.id,
  };
}

function namesOf(list: TreeList): string[] {
  return Array.from({ length: list.length }, (_, at) => list.nameAt(at)!);
}

type Shown = <T extends string | null>(text: T) => T;

function caseOf(version: TreeVersion): Shown {
  return version.lowerCase ? (text) => (text === null ? text : (text.toLowerCase() as typeof text)) : (text) => text;
}

function portsOf(ports: readonly string[], host: HostObject | undefined): string[] {
  return ports.map((text) => {
    const port = parsePort(text);
    if (port?.ip !== '0.0.0.0') return text;
    if (host?.agentIp) return renderPort({ ...port, ip: host.agentIp });
    return `${port.hostPort}:${port.containerPort}/${port.protocol}`;
  });
}

/** The original's database number of a host: nobody computes with it, so any stable positive number does. */
function numberOf(uuid: string): number {
  return Number.parseInt(uuid.slice(0, 8), 16) & 0x7fffffff || 1;
}
