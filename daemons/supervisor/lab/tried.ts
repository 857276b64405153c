// Pure: what was tried out between the containers of a lab, chosen before and read afterwards.
import { outside } from './plan-lab.ts';

export interface TriedContainer {
  readonly host: string;
  readonly name: string;
  readonly address: string;
  readonly network: string;
}

export interface Tried {
  readonly containers: readonly TriedContainer[];
  /** Row by row: milliseconds from each container to each, itself too; null: no answer in 2 s. */
  readonly pings: readonly (readonly (number | null)[])[];
  /** Milliseconds from each container to the world outside. */
  readonly outside: readonly (number | null)[];
  /** Row by row: whether each container has the right address for the name of each. */
  readonly names: readonly (readonly boolean[])[];
}

/** A matrix of more containers is hard to read and slow. */
const mostWhole = 12;

/** All containers with addresses, or the first of each host in a large lab. */
export function chooseTried(
  hosts: readonly { name: string; containers: readonly { name: string; address: string | null; network: string }[] }[],
): TriedContainer[] {
  const all = hosts.map((host) =>
    host.containers.flatMap(({ name, address, network }) =>
      address === null ? [] : [{ host: host.name, name, address, network }],
    ),
  );
  return all.flat().length <= mostWhole ? all.flat() : all.flatMap((some) => some.slice(0, 1));
}

/** @param said what each container's trial printed */
export function parseTried(containers: readonly TriedContainer[], said: ReadonlyMap<string, string>): Tried {
  const rows = containers.map(({ name }) => parseRow(said.get(name) ?? ''));
  return {
    containers,
    pings: rows.map((row) => containers.map(({ address }) => row.pings.get(address) ?? null)),
    outside: rows.map((row) => row.pings.get(outside.address) ?? null),
    names: rows.map((row) => containers.map(({ name, address }) => row.names.get(name) === address)),
  };
}

function parseRow(text: string): { pings: Map<string, number>; names: Map<string, string> } {
  const pings = new Map<string, number>();
  const names = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [kind, about = '', answer = ''] = line.split(/\s+/);
    const time = /^time=([\d.]+)$/.exec(answer)?.[1];
    if (kind === 'ping' && time !== undefined) pings.set(about, Number(time));
    if (kind === 'name' && answer !== '') names.set(about, answer);
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
