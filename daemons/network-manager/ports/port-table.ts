// Pure: who has each host port and what rules that makes, kept up claim by claim: one more port among ten thousand costs what it
// touches. The order in which claims come and go never shows in the outcome.
import { contains, type Family, type Ip } from '../../shared/model/ip.ts';
import type { PortClaim } from './port-claims.ts';
import { type PortNetwork, wayTo } from './port-networks.ts';
import { PortRanges, type PortRules } from './port-ranges.ts';

export interface Conflict {
  readonly winner: PortClaim;
  readonly loser: PortClaim;
}

export class PortTable {
  readonly #networks: ReadonlyMap<string, PortNetwork>;
  readonly #services: readonly Ip[];
  /** All that could be served, by key; nearly always one. */
  readonly #candidates = new Map<string, readonly PortClaim[]>();
  readonly #served = new Map<string, PortClaim>();
  readonly #conflicts = new Map<string, readonly Conflict[]>();
  readonly #reserved = new Set<PortClaim>();
  readonly #ranges = new PortRanges();
  #waiting = 0;
  #changed = new Set<string>();

  /** @param services the addresses that metadata and DNS answer at */
  constructor(networks: ReadonlyMap<string, PortNetwork>, services: readonly Ip[]) {
    this.#networks = networks;
    this.#services = services;
  }

  /** By key. A port on one address stands beside the same port on any address, and wins there. */
  get served(): ReadonlyMap<string, PortClaim> {
    return this.#served;
  }

  get conflicts(): readonly Conflict[] {
    return [...this.#conflicts.values()].flat();
  }

  /** Asked for on an address that is not to be had: metadata's and DNS's. */
  get reserved(): readonly PortClaim[] {
    return [...this.#reserved];
  }

  /** How many are asked for without a way to the container yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Brings the rules of each range up to date, one a step: many at once take their time. */
  ranges(): Iterable<unknown> {
    return this.#ranges.views();
  }

  rules(family: Family): PortRules {
    return this.#ranges.rules(family);
  }

  /** Keys that are served otherwise than at the last call. */
  takeChanged(): ReadonlySet<string> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  add(claim: PortClaim): void {
    const state = this.#stateOf(claim);
    if (state === 'reserved') this.#reserved.add(claim);
    else if (state === 'waiting') this.#waiting += 1;
    else if (state === 'open') this.#settle(claim.key, [...(this.#candidates.get(claim.key) ?? []), claim]);
  }

  /** The same object that was added. */
  remove(claim: PortClaim): void {
    const state = this.#stateOf(claim);
    if (state === 'reserved') this.#reserved.delete(claim);
    else if (state === 'waiting') this.#waiting -= 1;
    else if (state === 'open') {
      const rest = (this.#candidates.get(claim.key) ?? []).filter((one) => one !== claim);
      this.#settle(claim.key, rest);
    }
  }

  #stateOf(claim: PortClaim): 'reserved' | 'waiting' | 'open' | 'refused' {
    const network = this.#networks.get(claim.network);
    if (!network || !(network.hostPorts || claim.always)) return 'refused';
    if (this.#services.includes(claim.bind)) return 'reserved';
    const way = wayTo(network, claim.family);
    return way?.isOpen && contains(way.subnet, claim.target) ? 'open' : 'waiting';
  }

  /** The container that was created first has the port. */
  #settle(key: string, candidates: readonly PortClaim[]): void {
    const [first, ...others] = candidates;
    if (first) this.#candidates.set(key, candidates);
    else this.#candidates.delete(key);
    const winner = others.reduce((best, one) => (best && isBefore(best, one) ? best : one), first);
    const losers = candidates.filter(({ container }) => container.id !== winner?.container.id);
    if (winner && losers.length > 0)
      this.#conflicts.set(
        key,
        losers.map((loser) => ({ winner, loser })),
      );
    else this.#conflicts.delete(key);
    const before = this.#served.get(key);
    if (before === winner) return;
    if (winner) this.#served.set(key, winner);
    else this.#served.delete(key);
    this.#ranges.replace(before, winner);
    this.#changed.add(key);
  }
}

function isBefore(a: PortClaim, b: PortClaim): boolean {
  if (a.container.createdAt !== b.container.createdAt) return a.container.createdAt < b.container.createdAt;
  if (a.container.id !== b.container.id) return a.container.id < b.container.id;
  return a.targetPort < b.targetPort;
}
