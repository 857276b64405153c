// Pure: the ranges of a configuration, with the keys and rules of host-local: `ipam.subnet` with rangeStart, rangeEnd and
// gateway beside it, `ipam.ranges` (a list of sets), and `runtimeConfig.ipRanges`, which a runtime adds.
import {
  bitsOf,
  type Cidr,
  contains,
  familyOf,
  type Ip,
  lastOf,
  offsetIp,
  parseCidr,
  parseIp,
} from '../../daemons/shared/model/ip.ts';
import { quote } from '../shared/environment.ts';
import { isObject, type JsonObject } from '../shared/json.ts';
import { badConfig } from '../shared/parse-config.ts';
import { firstHost, type Range, type RangeSet } from './pool.ts';

const maxRanges = 64;

/** Empty when the configuration has none. Throws CNI code 7. */
export function parseRanges(config: JsonObject): RangeSet[] {
  const ipam = isObject(config.ipam) ? config.ipam : {};
  const asked = isObject(config.runtimeConfig) ? config.runtimeConfig.ipRanges : undefined;
  const sets = [
    ...(isSet(ipam.subnet) ? [[ipam]] : []),
    ...listOf(ipam.ranges, 'ipam.ranges'),
    ...listOf(asked, 'runtimeConfig.ipRanges'),
  ].map(parseSet);
  const all = sets.flatMap((set) => set.ranges);
  if (all.length > maxRanges)
    throw badConfig(`the configuration has ${all.length} ranges`, `${maxRanges} are possible`);
  all.forEach((range, at) => {
    const other = all
      .slice(0, at)
      .find((one) => range.first <= one.last && one.first <= range.last && sameKind(range, one));
    if (other) throw badConfig('two ranges of the configuration overlap');
  });
  return sets;
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function sameKind(one: Range, other: Range): boolean {
  return familyOf(one.first) === familyOf(other.first);
}

function listOf(value: unknown, place: string): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > maxRanges)
    throw badConfig(`${place} is not a list of at most ${maxRanges}`);
  return value;
}

function parseSet(value: unknown): RangeSet {
  if (!Array.isArray(value) || value.length === 0 || value.length > maxRanges)
    throw badConfig('a set of ranges is empty or no list');
  const ranges = value.map(parseRange);
  if (!ranges.every((range) => sameKind(range, ranges[0]!))) throw badConfig('a set of ranges mixes IPv4 and IPv6');
  return { ranges };
}

function parseRange(value: unknown): Range {
  if (!isObject(value)) throw badConfig('a range is no object');
  const subnet = typeof value.subnet === 'string' ? parseCidr(value.subnet) : undefined;
  if (!subnet)
    throw badConfig(
      `the range's subnet is ${quote(JSON.stringify(value.subnet) ?? '')}`,
      'expected a network, without host bits',
    );
  const host = bitsOf(familyOf(subnet.base)) - subnet.prefix;
  if (host < 2)
    throw badConfig(`the range's subnet is ${quote(String(value.subnet))}`, 'too small to give addresses from');
  const inside = (name: string): Ip | undefined => memberOf(value, name, subnet);
  const first = inside('rangeStart') ?? firstHost(subnet);
  const last = inside('rangeEnd') ?? lastUsable(subnet);
  if (first > last) throw badConfig('rangeStart is behind rangeEnd');
  const gateway = inside('gateway') ?? firstHost(subnet);
  return { subnet, first, last, prefix: subnet.prefix, gateway };
}

function memberOf(range: JsonObject, name: string, subnet: Cidr): Ip | undefined {
  const text = range[name];
  if (!isSet(text)) return undefined;
  const address = typeof text === 'string' ? parseIp(text) : undefined;
  if (address === undefined || !contains(subnet, address)) {
    throw badConfig(`${name} is ${quote(JSON.stringify(text))}`, 'expected an address inside the subnet');
  }
  return address;
}

function lastUsable(subnet: Cidr): Ip {
  const last = lastOf(subnet);
  return familyOf(last) === 4 ? offsetIp(last, -1)! : last;
}
