// Pure: what was tried out between the containers of a lab, chosen before and read afterwards; each family by itself.
import type { Family } from '../../shared/model/ip.ts';
import { ownNetwork } from './lab-config.ts';
import { outside } from './plan-lab.ts';

export interface TriedContainer {
  readonly host: string;
  readonly name: string;
  /** Of the family; null: it has none, though its network does. */
  readonly address: string | null;
  readonly network: string;
}

/** In one family. */
export interface Tried {
  readonly containers: readonly TriedContainer[];
  /** Row by row: milliseconds from each container to each, itself too; null: no answer in 2 s. */
  readonly pings: readonly (readonly (number | null)[])[];
  /** Milliseconds from each container to the world outside. */
  readonly outside: readonly (number | null)[];
  /** Row by row: whether each container has the right address for the name of each; one of them where several have the name. */
  readonly names: readonly (readonly boolean[])[];
}

interface HostContainers {
  readonly name: string;
  readonly containers: readonly {
    readonly name: string;
    readonly address: string | null;
    readonly address6: string | null;
    readonly network: string;
  }[];
}

/** A matrix of more containers is hard to read and slow. */
const mostWhole = 12;

/** All containers with IPv4 addresses, or the first of each host in a large lab. */
export function chooseTried(hosts: readonly HostContainers[]): TriedContainer[] {
  return fewOf(
    hosts.map(({ name: host, containers }) =>
      containers.flatMap(({ name, address, network }) => (address === null ? [] : [{ host, name, address, network }])),
    ),
  );
}

/**
 * The same of those whose networks have IPv6, whether they have an address or not.
 * @param hasIpv6 the lab was made with it
 */
export function chooseTried6(hosts: readonly HostContainers[], hasIpv6: boolean): TriedContainer[] {
  return fewOf(inNetworks6(hosts, hasIpv6));
}

/** Those without an IPv6 address although their networks have IPv6, of a large lab too, by their places. */
export function lackingIpv6(hosts: readonly HostContainers[], hasIpv6: boolean): string[] {
  return inNetworks6(hosts, hasIpv6).flatMap((some) => some.filter(({ address }) => address === null).map(placeOf));
}

/** As `lab exec` calls it: containers of different hosts may have one name. */
export function placeOf({ host, name }: Pick<TriedContainer, 'host' | 'name'>): string {
  return `${host}/${name}`;
}

/** Host by host. The lab's own network has IPv6 if the lab was made so; of another one its containers tell. */
function inNetworks6(hosts: readonly HostContainers[], hasIpv6: boolean): TriedContainer[][] {
  const all = hosts.flatMap(({ containers }) => containers);
  const found = all.filter(({ address6 }) => address6 !== null).map(({ network }) => network);
  const networks = new Set([...(hasIpv6 ? [ownNetwork] : []), ...found]);
  return hosts.map(({ name: host, containers }) =>
    containers
      .filter(({ network }) => networks.has(network))
      .map(({ name, address6, network }) => ({ host, name, address: address6, network })),
  );
}

function fewOf(all: readonly TriedContainer[][]): TriedContainer[] {
  return all.flat().length <= mostWhole ? all.flat() : all.flatMap((some) => some.slice(0, 1));
}

/** What a container is to try, in pairs: `ping ADDRESS`, `name NAME` for the IPv4 address of a name, `name6 NAME`. */
export function trialWords(four: readonly TriedContainer[], six: readonly TriedContainer[]): string[] {
  return [
    ...(four.length > 0 ? ['ping', outside.address] : []),
    ...(six.length > 0 ? ['ping', outside.address6] : []),
    ...[...four, ...six].flatMap(({ address }) => (address === null ? [] : ['ping', address])),
    ...four.flatMap(({ name }) => ['name', name]),
    ...six.flatMap(({ name }) => ['name6', name]),
  ];
}

/** @param said by its place what each container's trial printed: the pairs, each followed by what came of it */
export function parseTried(
  containers: readonly TriedContainer[],
  said: ReadonlyMap<string, string>,
  family: Family,
): Tried {
  const [world, kind] = family === 4 ? ([outside.address, 'name'] as const) : ([outside.address6, 'name6'] as const);
  const rows = containers.map((one) => parseRow(said.get(placeOf(one)) ?? '', kind));
  const homes = new Map<string, Set<string | null>>();
  for (const { name, address } of containers) homes.set(name, (homes.get(name) ?? new Set()).add(address));
  return {
    containers,
    pings: rows.map((row) => containers.map(({ address }) => row.pings.get(address ?? '') ?? null)),
    outside: rows.map((row) => row.pings.get(world) ?? null),
    names: rows.map((row) =>
      containers.map(({ name }) => homes.get(name)?.has(row.names.get(name) ?? 'none') === true),
    ),
  };
}

function parseRow(
  text: string,
  nameKind: 'name' | 'name6',
): { pings: Map<string, number>; names: Map<string, string> } {
  const pings = new Map<string, number>();
  const names = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [kind, about = '', answer = ''] = line.split(/\s+/);
    const time = /^time=([\d.]+)$/.exec(answer)?.[1];
    if (kind === 'ping' && time !== undefined) pings.set(about, Number(time));
    if (kind === nameKind && answer !== '') names.set(about, answer);
  }
  return { pings, names };
}

/**
 * Everything that has to work does: names everywhere, pings inside of each network, and to the outside. Of hosts that nothing
 * joins, whatever stays on one host.
 */
export function allReached(tried: Tried, areJoined: boolean): boolean {
  const { containers, pings, names } = tried;
  return containers.every((from, row) => {
    const near = containers.map((to) => areJoined || from.host === to.host);
    const talks = containers.every((to, at) => !near[at] || from.network !== to.network || pings[row]![at] !== null);
    return talks && near.every((isNear, at) => !isNear || names[row]![at] === true) && tried.outside[row] !== null;
  });
}
