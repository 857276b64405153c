// Pure: which address of a set a container gets.
import { bitsOf, contains, familyOf, type Ip, offsetIp } from '../../daemons/shared/model/ip.ts';
import { accepts, type Given, inRange, isReserved, type Range, type RangeSet } from './pool.ts';

export interface AddressQuestion {
  readonly set: RangeSet;
  readonly taken: Pick<ReadonlySet<Ip>, 'has'>;
  /** The address that was given last: the search starts behind it, so that an address rests before it is used again. */
  readonly last?: Ip | undefined;
  /** The one and only address that will do. */
  readonly requested?: Ip | undefined;
  /** The first of them that is free is given, as after a restart; otherwise any other. */
  readonly preferred?: readonly Ip[];
}

/** reserved: a network's, broadcast or gateway address; outside: not of this set. */
export type AddressAnswer = Given | { readonly refused: 'taken' | 'exhausted' | 'reserved' | 'outside' };

export function chooseAddress(question: AddressQuestion): AddressAnswer {
  const { set, taken, requested, preferred = [] } = question;
  if (requested !== undefined) {
    if (!accepts(set, requested)) return { refused: 'outside' };
    if (isReserved(set, requested)) return { refused: 'reserved' };
    return taken.has(requested) ? { refused: 'taken' } : givenFrom(set, requested);
  }
  const isFree = (address: Ip): boolean => !taken.has(address) && !isReserved(set, address);
  const again = preferred.find((address) => rangeOf(set, address) !== undefined && isFree(address));
  if (again !== undefined) return givenFrom(set, again);
  for (const address of roundRobin(set, question.last)) if (isFree(address)) return givenFrom(set, address);
  return { refused: 'exhausted' };
}

/** The address as its range has it; outside all ranges it is alone on its link. */
function givenFrom(set: RangeSet, address: Ip): Given {
  const range = rangeOf(set, address);
  const gateway = range ? range.gateway : set.ranges[0]?.gateway;
  const home = set.ranges.find((one) => gateway !== undefined && contains(one.subnet, gateway));
  const alone = bitsOf(familyOf(address));
  return { address, prefix: range?.prefix ?? alone, gateway, gatewayPrefix: home?.prefix ?? alone };
}

function rangeOf(set: RangeSet, address: Ip): Range | undefined {
  return set.ranges.find((range) => inRange(range, address));
}

/** Every address of the ranges once, starting behind `last`. */
function* roundRobin({ ranges }: RangeSet, last: Ip | undefined): Generator<Ip> {
  const total = ranges.reduce((sum, range) => sum + sizeOf(range), 0n);
  const start = last === undefined ? 0n : positionOf(ranges, last) + 1n;
  for (let step = 0n; step < total; step += 1n) yield addressAt(ranges, (start + step) % total);
}

function sizeOf({ first, last }: Range): bigint {
  return BigInt(last) - BigInt(first) + 1n;
}

/** Position of the address in the ranges laid end to end; -1 if it is in none. */
function positionOf(ranges: readonly Range[], address: Ip): bigint {
  let before = 0n;
  for (const range of ranges) {
    if (inRange(range, address)) return before + BigInt(address) - BigInt(range.first);
    before += sizeOf(range);
  }
  return -1n;
}

function addressAt(ranges: readonly Range[], position: bigint): Ip {
  let rest = position;
  for (const range of ranges) {
    if (rest < sizeOf(range)) return offsetIp(range.first, rest)!;
    rest -= sizeOf(range);
  }
  throw new RangeError(`position ${position} is beyond the ranges`);
}

/** Which set gives which of the addresses asked for; undefined if one of them belongs to none that is left. */
export function assignRequested(
  sets: readonly RangeSet[],
  requested: readonly Ip[],
): (Ip | undefined)[] | { readonly outside: Ip } {
  const assigned = new Array<Ip | undefined>(sets.length).fill(undefined);
  for (const address of requested) {
    const at = sets.findIndex((set, index) => assigned[index] === undefined && accepts(set, address));
    if (at < 0) return { outside: address };
    assigned[at] = address;
  }
  return assigned;
}
