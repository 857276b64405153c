// Pure: which address a container gets.
import { type Cidr4, contains, type Ipv4, lastOf, sizeOf } from '../../daemons/shared/model/ipv4.ts';

export interface AddressQuestion {
  /** The whole network; no address outside it is ever given. */
  readonly subnet: Cidr4;
  /** This host's parts of it. */
  readonly cidrs: readonly Cidr4[];
  readonly gateway: Ipv4;
  readonly taken: ReadonlySet<Ipv4>;
  /** The address that was given last: the search starts behind it, so that an address rests before it is used again. */
  readonly last?: Ipv4 | undefined;
  /** The one and only address that will do. */
  readonly requested?: Ipv4 | undefined;
  /** Given if it is free, as after a restart; otherwise any other. */
  readonly preferred?: Ipv4 | undefined;
}

export type AddressAnswer =
  | { readonly address: Ipv4; readonly prefix: number }
  /** reserved: network, broadcast or gateway address; outside: not of this network. */
  | { readonly refused: 'taken' | 'exhausted' | 'reserved' | 'outside' };

export function chooseAddress(question: AddressQuestion): AddressAnswer {
  const { cidrs, taken, requested, preferred } = question;
  if (requested !== undefined) {
    if (!contains(question.subnet, requested)) return { refused: 'outside' };
    if (isReserved(question, requested)) return { refused: 'reserved' };
    if (taken.has(requested)) return { refused: 'taken' };
    return { address: requested, prefix: prefixFor(question, requested) };
  }
  if (preferred !== undefined && cidrs.some((cidr) => contains(cidr, preferred))) {
    if (!taken.has(preferred) && !isReserved(question, preferred)) {
      return { address: preferred, prefix: prefixFor(question, preferred) };
    }
  }
  for (const address of roundRobin(cidrs, question.last)) {
    if (!taken.has(address) && !isReserved(question, address)) {
      return { address, prefix: prefixFor(question, address) };
    }
  }
  return { refused: 'exhausted' };
}

/** The prefix of the part that holds the gateway; anywhere else the gateway is on-link and the prefix 32. */
function prefixFor(question: AddressQuestion, address: Ipv4): number {
  const cidr = question.cidrs.find((part) => contains(part, address));
  return cidr && contains(cidr, question.gateway) ? cidr.prefix : 32;
}

function isReserved(question: AddressQuestion, address: Ipv4): boolean {
  if (address === question.gateway) return true;
  const isEdge = (cidr: Cidr4): boolean => cidr.prefix <= 30 && (address === cidr.base || address === lastOf(cidr));
  return isEdge(question.subnet) || question.cidrs.some(isEdge);
}

/** Every address of the parts once, starting behind `last`. */
function* roundRobin(cidrs: readonly Cidr4[], last: Ipv4 | undefined): Generator<Ipv4> {
  const total = cidrs.reduce((sum, cidr) => sum + sizeOf(cidr), 0);
  const start = last === undefined ? 0 : positionOf(cidrs, last) + 1;
  for (let step = 0; step < total; step += 1) yield addressAt(cidrs, (start + step) % total);
}

/** Position of the address in the parts laid end to end; -1 if it is in none. */
function positionOf(cidrs: readonly Cidr4[], address: Ipv4): number {
  let before = 0;
  for (const cidr of cidrs) {
    if (contains(cidr, address)) return before + (address - cidr.base);
    before += sizeOf(cidr);
  }
  return -1;
}

function addressAt(cidrs: readonly Cidr4[], position: number): Ipv4 {
  let rest = position;
  for (const cidr of cidrs) {
    if (rest < sizeOf(cidr)) return (cidr.base + rest) as Ipv4;
    rest -= sizeOf(cidr);
  }
  throw new RangeError(`position ${position} is beyond the block`);
}
