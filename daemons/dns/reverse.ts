// Pure: names of reverse lookups, `7.0.42.10.in-addr.arpa` (RFC 1035 section 3.5).
import { type Cidr4, contains, type Ipv4, renderIpv4 } from '../shared/model/ipv4.ts';

const suffix = '.in-addr.arpa';

/** The name under which an address is looked up. */
export function reverseName(address: Ipv4): string {
  return `${renderIpv4(address).split('.').reverse().join('.')}${suffix}`;
}

/** The range that a reverse name stands for: one address for four numbers, a larger range for fewer. */
export function parseReverse(name: string): Cidr4 | undefined {
  if (!name.endsWith(suffix)) return undefined;
  const octets = name.slice(0, -suffix.length).split('.').reverse();
  if (octets.length > 4 || !octets.every((text) => /^(0|[1-9]\d{0,2})$/.test(text) && Number(text) <= 255))
    return undefined;
  const base = octets.reduce((value, text, at) => value + Number(text) * 2 ** (24 - 8 * at), 0);
  return { base: base as Ipv4, prefix: octets.length * 8 };
}

/** The zone that we speak for when asked about an address inside one of these ranges: the range cut to whole octets. */
export function reverseZone(range: Cidr4, subnets: readonly Cidr4[]): string | undefined {
  const subnet = subnets.find((one) => one.prefix <= range.prefix && contains(one, range.base));
  if (!subnet) return undefined;
  const count = Math.min(3, Math.ceil(subnet.prefix / 8));
  if (range.prefix < count * 8) return undefined;
  const octets = [24, 16, 8].slice(0, count).map((shift) => (range.base >>> shift) & 255);
  return `${octets.reverse().join('.')}${suffix}`;
}
