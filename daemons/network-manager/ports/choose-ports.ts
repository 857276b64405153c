// Pure: who gets which host port, and which ports have to wait because the way to the container is not there yet.
import { type Cidr4, contains, type Ipv4 } from '../../shared/model/ipv4.ts';
import type { PortClaim } from './port-claims.ts';

/** A network of this host, as far as ports are concerned. */
export interface PortNetwork {
  readonly name: string;
  readonly hostPorts: boolean;
  readonly subnet: Cidr4;
  /** Its bridge is up and has the gateway's address. */
  readonly isOpen: boolean;
}

export interface Conflict {
  readonly winner: PortClaim;
  readonly loser: PortClaim;
}

export interface ChosenPorts {
  /** By key. A port on one address stands beside the same port on any address, and wins there. */
  readonly served: ReadonlyMap<string, PortClaim>;
  readonly conflicts: readonly Conflict[];
  /** Asked for, without a way to the container yet. */
  readonly waiting: number;
  /** Asked for on an address that is not to be had: metadata's and DNS's. */
  readonly reserved: readonly PortClaim[];
}

/** @param service the address that metadata and DNS answer at */
export function choosePorts(
  claims: Iterable<PortClaim>,
  networks: ReadonlyMap<string, PortNetwork>,
  service: Ipv4,
): ChosenPorts {
  const work = choosePortsInSlices(claims, networks, service, Number.POSITIVE_INFINITY);
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** The same for a loop that has other work too: stops for breath after each `atOnce` claims. */
export function* choosePortsInSlices(
  claims: Iterable<PortClaim>,
  networks: ReadonlyMap<string, PortNetwork>,
  service: Ipv4,
  atOnce: number,
): Generator<undefined, ChosenPorts> {
  const served = new Map<string, PortClaim>();
  const conflicts: Conflict[] = [];
  const reserved: PortClaim[] = [];
  let waiting = 0;
  let left = atOnce;
  for (const claim of claims) {
    const network = networks.get(claim.network);
    if (!network || !(network.hostPorts || claim.always)) continue;
    if (claim.bind === service) reserved.push(claim);
    else if (!network.isOpen || !contains(network.subnet, claim.target)) waiting += 1;
    else take(claim, served, conflicts);
    left -= 1;
    if (left > 0) continue;
    left = atOnce;
    yield;
  }
  return { served, conflicts, waiting, reserved };
}

/** The container that was created first has the port, whatever the order in which they are told. */
function take(claim: PortClaim, served: Map<string, PortClaim>, conflicts: Conflict[]): void {
  const holder = served.get(claim.key);
  if (!holder || isBefore(claim, holder)) served.set(claim.key, claim);
  if (!holder || holder.container.id === claim.container.id) return;
  const winner = served.get(claim.key)!;
  conflicts.push({ winner, loser: winner === claim ? holder : claim });
}

function isBefore(a: PortClaim, b: PortClaim): boolean {
  if (a.container.createdAt !== b.container.createdAt) return a.container.createdAt < b.container.createdAt;
  if (a.container.id !== b.container.id) return a.container.id < b.container.id;
  return a.targetPort < b.targetPort;
}
