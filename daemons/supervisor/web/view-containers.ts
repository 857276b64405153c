// Pure: containers, what they publish, and the services that they make, those that are not well first.
import type { ContainerObject, ServiceObject } from '../../shared/model/objects.ts';
import { parsePort } from '../../shared/model/ports.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { byText, type Filter, Firsts, fewOf } from './few.ts';
import type {
  ContainerLevel,
  ContainerView,
  Few,
  HostState,
  NetworkView,
  PortView,
  ServiceView,
} from './view-types.ts';

const mostContainers = 200;
const mostServices = 100;
const mostPorts = 100;
const mostNetworks = 50;
/** Of one container or service. */
const mostEach = 6;

/** Containers of one host, counted. */
export interface Crew {
  running: number;
  unwell: number;
  stopped: number;
}

/** States of the hosts by id. */
export type HostStates = ReadonlyMap<string, HostState>;

export interface ContainerViews {
  readonly containers: Few<ContainerView>;
  readonly ports: Few<PortView>;
  readonly crewOf: (hostId: string) => Crew;
  readonly perNetwork: ReadonlyMap<string, number>;
}

/** What is looked up once for all containers of a host. */
interface Home {
  readonly host: string;
  readonly isReached: boolean;
  readonly crew: Crew;
}

/** What places a container in the list; the rest of what is shown is made for those that are. */
interface Placed {
  readonly container: ContainerObject;
  readonly home: Home;
  readonly level: ContainerLevel;
}

/** One way through all of them, with little work for each: there may be 100,000. */
export function viewContainers(snapshot: Snapshot, states: HostStates, filter: Filter | undefined): ContainerViews {
  const homeOf = homesIn(snapshot, states);
  const firsts = new Firsts(mostContainers, comparePlaced);
  const ports = new Firsts(mostPorts, comparePorts);
  const perNetwork = new Map<string, number>();
  for (const container of snapshot.all('container')) {
    const home = homeOf(container.hostId);
    const level = levelOf(container, home.isReached);
    home.crew[level === 'well' ? 'running' : level] += 1;
    if (container.network !== null) perNetwork.set(container.network, (perNetwork.get(container.network) ?? 0) + 1);
    const placed = { container, home, level };
    const matches = !filter || filter(textsOf(placed));
    if (matches) firsts.add(placed);
    else firsts.pass();
    if (container.state === 'stopped') continue;
    for (const text of container.ports) {
      if (matches) ports.add({ host: home.host, container: container.name, text });
      else ports.pass();
    }
  }
  const containers = firsts.few();
  const published = ports.few();
  return {
    containers: { ...containers, shown: containers.shown.map(viewContainer) },
    ports: { ...published, shown: published.shown.flatMap(viewPort) },
    crewOf: (hostId) => homeOf(hostId).crew,
    perNetwork,
  };
}

/** Containers of a host follow each other, mostly, so the last one is remembered. */
function homesIn(snapshot: Snapshot, states: HostStates): (hostId: string) => Home {
  const homes = new Map<string, Home>();
  let last: { id: string; home: Home } | undefined;
  return (hostId) => {
    if (last?.id === hostId) return last.home;
    const home = homes.get(hostId) ?? {
      host: snapshot.get('host', hostId)?.name ?? '?',
      isReached: isReached(hostId, states),
      crew: { running: 0, unwell: 0, stopped: 0 },
    };
    homes.set(hostId, home);
    last = { id: hostId, home };
    return home;
  };
}

function textsOf({ container, home: { host } }: Placed): (string | null)[] {
  return [container.name, host, container.network, serviceOf(container), ...container.ips, ...container.ports];
}

function serviceOf({ stackName, serviceName }: ContainerObject): string | null {
  return stackName && serviceName ? `${stackName}/${serviceName}` : null;
}

function isReached(hostId: string, states: HostStates): boolean {
  const state = states.get(hostId);
  return state !== 'lost' && state !== 'gone';
}

function levelOf({ state, health }: ContainerObject, isHostReached: boolean): ContainerLevel {
  if (state === 'stopped' || state === 'stopping') return 'stopped';
  return isHostReached && health !== 'unhealthy' ? 'well' : 'unwell';
}

function viewContainer({ container, home, level }: Placed): ContainerView {
  const { id, name, network, ips, ports, state, health } = container;
  const told = health === null || health === 'healthy' ? state : `${state}, ${health}`;
  return {
    id,
    name,
    host: home.host,
    network,
    ips: ips.slice(0, mostEach),
    service: serviceOf(container),
    ports: ports.slice(0, mostEach),
    state: level === 'unwell' && !home.isReached ? 'out of reach' : told,
    level,
  };
}

const severity: Readonly<Record<ContainerLevel, number>> = { unwell: 0, well: 1, stopped: 2 };

function comparePlaced(a: Placed, b: Placed): number {
  return (
    severity[a.level] - severity[b.level] ||
    byText(a.home.host, b.home.host) ||
    byText(a.container.name, b.container.name) ||
    byText(a.container.id, b.container.id)
  );
}

interface Published {
  readonly host: string;
  readonly container: string;
  /** `ip:hostPort:containerPort/proto`. */
  readonly text: string;
}

function comparePorts(a: Published, b: Published): number {
  return byText(a.host, b.host) || byText(a.text, b.text);
}

function viewPort({ host, container, text }: Published): PortView[] {
  const port = parsePort(text);
  if (!port) return [];
  const at = `${port.ip.includes(':') ? `[${port.ip}]` : port.ip}:${port.hostPort}`;
  return [{ host, at, protocol: port.protocol, container, containerPort: port.containerPort }];
}

export function viewServices(
  snapshot: Snapshot,
  states: HostStates,
  zone: string,
  filter: Filter | undefined,
): Few<ServiceView> {
  const compare = (a: ServiceView, b: ServiceView): number => missing(b) - missing(a) || byText(a.name, b.name);
  const views = function* (): Generator<ServiceView> {
    for (const service of snapshot.all('service')) yield viewService(service, snapshot, states, zone);
  };
  return fewOf(views(), mostServices, compare, filter, ({ name, dns, kind, addresses }) => [
    name,
    dns,
    kind,
    ...addresses,
  ]);
}

const missing = ({ containers, well }: ServiceView): number => Number(well < containers);

function viewService(service: ServiceObject, snapshot: Snapshot, states: HostStates, zone: string): ServiceView {
  const { name, stackName, serviceKind, containerIds, externalIps, hostname, vip } = service;
  const addresses = vip === null ? [] : [vip];
  let well = 0;
  for (const id of containerIds) {
    const container = snapshot.get('container', id);
    if (!container) continue;
    if (levelOf(container, isReached(container.hostId, states)) === 'well') well += 1;
    if (addresses.length < mostEach) addresses.push(...container.ips.slice(0, 1));
  }
  addresses.push(...externalIps, ...(hostname === null ? [] : [hostname]));
  return {
    name: `${stackName}/${name}`,
    dns: `${name}.${stackName}.${zone}`,
    kind: serviceKind,
    containers: containerIds.length,
    well,
    addresses: addresses.slice(0, mostEach),
  };
}

export function viewNetworks(snapshot: Snapshot, perNetwork: ReadonlyMap<string, number>): Few<NetworkView> {
  const blocks = new Map<string, number>();
  for (const { network } of snapshot.all('block')) blocks.set(network, (blocks.get(network) ?? 0) + 1);
  const views = [...snapshot.all('network')].map((network): NetworkView => {
    const { name, subnet, subnet6, driver, vni, bridge, isDefault } = network;
    return {
      name,
      subnets: subnet6 === undefined ? [subnet] : [subnet, subnet6],
      driver,
      vni: vni ?? null,
      bridge,
      isDefault,
      isFlat: network.blocks === 'none',
      blocks: blocks.get(name) ?? 0,
      containers: perNetwork.get(name) ?? 0,
    };
  });
  return fewOf(views, mostNetworks, (a, b) => Number(b.isDefault) - Number(a.isDefault) || byText(a.name, b.name));
}
