// Pure: addresses and ranges of either family, for what treats both alike. A number is IPv4, a bigint is IPv6.
import { type Ipv4, parseIpv4, renderIpv4 } from './ipv4.ts';
import { type Ipv6, parseIpv6, renderIpv6 } from './ipv6.ts';

export type Ip = Ipv4 | Ipv6;
export type Family = 4 | 6;

/** A range of addresses; `base` has no host bits set. A Cidr4 is one. */
export interface Cidr {
  readonly base: Ip;
  readonly prefix: number;
}

/** An address with its prefix, host bits kept. */
export interface Interface {
  readonly address: Ip;
  readonly prefix: number;
}

export function familyOf(ip: Ip): Family {
  return typeof ip === 'number' ? 4 : 6;
}

/** Length of an address of the family, which is also its longest prefix. */
export function bitsOf(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

export function parseIp(text: string): Ip | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

export function renderIp(ip: Ip): string {
  return typeof ip === 'number' ? renderIpv4(ip) : renderIpv6(ip);
}

/** Parses `10.42.3.7/16` or `fd00::7/64`. */
export function parseInterface(text: string): Interface | undefined {
  const match = /^([0-9a-f:.]{2,45})\/(0|[1-9]\d{0,2})$/i.exec(text);
  const address = match ? parseIp(match[1]!) : undefined;
  const prefix = Number(match?.[2]);
  return address === undefined || prefix > bitsOf(familyOf(address)) ? undefined : { address, prefix };
}

export function renderInterface({ address, prefix }: Interface): string {
  return `${renderIp(address)}/${prefix}`;
}

/** Parses a range; host bits are refused, since they hide a mistake. */
export function parseCidr(text: string): Cidr | undefined {
  const parsed = parseInterface(text);
  if (!parsed || networkOf(parsed.address, parsed.prefix) !== parsed.address) return undefined;
  return { base: parsed.address, prefix: parsed.prefix };
}

export function renderCidr({ base, prefix }: Cidr): string {
  return `${renderIp(base)}/${prefix}`;
}

/** The address with all host bits cleared. */
export function networkOf(address: Ip, prefix: number): Ip {
  const family = familyOf(address);
  const host = BigInt(bitsOf(family) - prefix);
  return fromBits((BigInt(address) >> host) << host, family);
}

/** The highest address of the range: the broadcast address of an IPv4 subnet. */
export function lastOf(cidr: Cidr): Ip {
  const family = familyOf(cidr.base);
  return fromBits(BigInt(cidr.base) + (1n << BigInt(bitsOf(family) - cidr.prefix)) - 1n, family);
}

export function contains(cidr: Cidr, address: Ip): boolean {
  return familyOf(address) === familyOf(cidr.base) && networkOf(address, cidr.prefix) === cidr.base;
}

/** Address arithmetic; undefined beyond either end of the family. */
export function offsetIp(address: Ip, by: number | bigint): Ip | undefined {
  const family = familyOf(address);
  const value = BigInt(address) + BigInt(by);
  return value >= 0n && value < 1n << BigInt(bitsOf(family)) ? fromBits(value, family) : undefined;
}

function fromBits(value: bigint, family: Family): Ip {
  return (family === 4 ? Number(value) : value) as Ip;
}
