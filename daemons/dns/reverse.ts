// Pure: names of reverse lookups, `7.0.42.10.in-addr.arpa` (RFC 1035 section 3.5) and `7.0.….d.f.ip6.arpa` (RFC 3596
// section 2.5).
import { bitsOf, type Cidr, contains, familyOf, type Ip } from '../shared/model/ip.ts';
import { type Ipv4, renderIpv4 } from '../shared/model/ipv4.ts';
import type { Ipv6 } from '../shared/model/ipv6.ts';

const suffixes = { 4: '.in-addr.arpa', 6: '.ip6.arpa' } as const;
/** Bits that one label stands for. */
const labelBits = { 4: 8, 6: 4 } as const;

/** The name under which an address is looked up. */
export function reverseName(address: Ip): string {
  return nameOf(address, bitsOf(familyOf(address)));
}

/** The range that a reverse name stands for: one address for all its labels, a larger range for fewer. */
export function parseReverse(name: string): Cidr | undefined {
  if (name.endsWith(suffixes[4])) return parse4(name.slice(0, -suffixes[4].length).split('.').reverse());
  if (name.endsWith(suffixes[6])) return parse6(name.slice(0, -suffixes[6].length).split('.').reverse());
  return undefined;
}

function parse4(octets: readonly string[]): Cidr | undefined {
  if (octets.length > 4 || !octets.every((text) => /^(0|[1-9]\d{0,2})$/.test(text) && Number(text) <= 255))
    return undefined;
  const base = octets.reduce((value, text, at) => value + Number(text) * 2 ** (24 - 8 * at), 0);
  return { base: base as Ipv4, prefix: octets.length * 8 };
}

function parse6(nibbles: readonly string[]): Cidr | undefined {
  if (nibbles.length > 32 || !nibbles.every((text) => /^[0-9a-f]$/.test(text))) return undefined;
  const base = BigInt(`0x${nibbles.join('').padEnd(32, '0')}`);
  return { base: base as Ipv6, prefix: nibbles.length * 4 };
}

/** The zone that we speak for when asked about an address inside one of these ranges: the range cut to whole labels. */
export function reverseZone(range: Cidr, subnets: readonly Cidr[]): string | undefined {
  const subnet = subnets.find((one) => one.prefix <= range.prefix && contains(one, range.base));
  if (!subnet) return undefined;
  const family = familyOf(range.base);
  const bits = labelBits[family];
  const labels = Math.min(bitsOf(family) / bits - 1, Math.ceil(subnet.prefix / bits));
  return range.prefix < labels * bits ? undefined : nameOf(range.base, labels * bits);
}

/** The first `prefix` bits of the address as a name. */
function nameOf(address: Ip, prefix: number): string {
  const family = familyOf(address);
  const all =
    typeof address === 'number' ? renderIpv4(address).split('.') : [...address.toString(16).padStart(32, '0')];
  return `${all
    .slice(0, prefix / labelBits[family])
    .reverse()
    .join('.')}${suffixes[family]}`;
}
