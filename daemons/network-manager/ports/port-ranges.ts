// Pure: the rules of the served ports, in ranges of 64 that share a chain. A range whose ports are as they were keeps its very
// array, so that those who compare need not look into it.
import { contains, type Family, type Ip, parseCidr } from '../../shared/model/ip.ts';
import { type Protocol, protocols } from '../../shared/model/ports.ts';
import { isAny, type PortClaim } from './port-claims.ts';

export interface PortRange {
  readonly protocol: Protocol;
  readonly first: number;
  readonly chain: string;
  /** The chain's body: addresses before any address. */
  readonly rules: readonly string[];
}

/** What the rules of one family have to know of the published ports. */
export interface PortRules {
  /** By protocol and port. */
  readonly ranges: readonly PortRange[];
  /** Names of networks to which some port leads. */
  readonly networks: ReadonlySet<string>;
  /** Those to which a port leads that the host's own 127.0.0.1 reaches. */
  readonly loopback: ReadonlySet<string>;
}

export const noPorts: PortRules = { ranges: [], networks: new Set(), loopback: new Set() };

interface Range {
  readonly family: Family;
  readonly protocol: Protocol;
  readonly first: number;
  readonly chain: string;
  readonly claims: Set<PortClaim>;
  /** undefined: something changed. */
  view: PortRange | undefined;
}

const loopback = parseCidr('127.0.0.0/8')!;

export class PortRanges {
  readonly #ranges = new Map<string, Range>();
  readonly #uses = { 4: new Counts(), 6: new Counts() };
  readonly #loopback = { 4: new Counts(), 6: new Counts() };

  replace(before: PortClaim | undefined, after: PortClaim | undefined): void {
    if (before) this.#count(before, -1);
    if (after) this.#count(after, 1);
    if (before) this.#remove(before);
    if (after) this.#add(after);
  }

  *views(): Generator<PortRange> {
    for (const range of this.#ranges.values()) yield viewOf(range);
  }

  rules(family: Family): PortRules {
    const mine = [...this.#ranges.values()].filter((range) => range.family === family);
    const rank = ({ protocol }: Range): number => protocols.indexOf(protocol);
    mine.sort((a, b) => rank(a) - rank(b) || a.first - b.first);
    return { ranges: mine.map(viewOf), networks: this.#uses[family].names(), loopback: this.#loopback[family].names() };
  }

  #count(claim: PortClaim, by: 1 | -1): void {
    this.#uses[claim.family].add(claim.network, by);
    if (isOnLoopback(claim.bind)) this.#loopback[claim.family].add(claim.network, by);
  }

  #add(claim: PortClaim): void {
    const { family, protocol, first, chain } = claim;
    const name = `${family} ${chain}`;
    const range = this.#ranges.get(name) ?? { family, protocol, first, chain, claims: new Set(), view: undefined };
    this.#ranges.set(name, range);
    range.claims.add(claim);
    range.view = undefined;
  }

  #remove(claim: PortClaim): void {
    const name = `${claim.family} ${claim.chain}`;
    const range = this.#ranges.get(name);
    if (!range) return;
    range.claims.delete(claim);
    range.view = undefined;
    if (range.claims.size === 0) this.#ranges.delete(name);
  }
}

/** How often a name was added and not taken back. */
class Counts {
  readonly #counts = new Map<string, number>();

  add(name: string, by: number): void {
    const next = (this.#counts.get(name) ?? 0) + by;
    if (next > 0) this.#counts.set(name, next);
    else this.#counts.delete(name);
  }

  names(): Set<string> {
    return new Set(this.#counts.keys());
  }
}

function isOnLoopback(bind: Ip): boolean {
  return isAny(bind) || contains(loopback, bind);
}

function viewOf(range: Range): PortRange {
  const { protocol, first, chain, claims } = range;
  range.view ??= { protocol, first, chain, rules: [...claims].sort(byPort).map(({ rule }) => rule) };
  return range.view;
}

function byPort(a: PortClaim, b: PortClaim): number {
  if (a.hostPort !== b.hostPort) return a.hostPort - b.hostPort;
  return a.bind < b.bind ? 1 : a.bind > b.bind ? -1 : 0;
}
