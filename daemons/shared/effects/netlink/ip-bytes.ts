// Pure: IP addresses of both families as the kernel takes them.
import { SuiteError } from '../../model/errors.ts';
import { type Ipv4, ipv4Bytes, ipv4FromBytes, renderIpv4 } from '../../model/ipv4.ts';
import { ipv6Bytes, ipv6FromBytes, parseIpv6, renderIpv6 } from '../../model/ipv6.ts';
import { FAMILY } from './constants.ts';

/** An IPv4 address as a number, or an IPv6 address as text (answers are in the form of RFC 5952). */
export type Ip = Ipv4 | string;

/** A range of addresses of either family; `Cidr4` is one. */
export interface IpRange {
  readonly base: Ip;
  readonly prefix: number;
}

export function familyOf(ip: Ip): number {
  return typeof ip === 'number' ? FAMILY.INET : FAMILY.INET6;
}

export function renderIp(ip: Ip): string {
  return typeof ip === 'number' ? renderIpv4(ip) : ip;
}

/** Network order. @throws SuiteError NETLINK_REFUSED for a text that is no IPv6 address. */
export function ipBytes(ip: Ip): Uint8Array {
  if (typeof ip === 'number') return ipv4Bytes(ip);
  const address = parseIpv6(ip);
  if (address === undefined) throw new SuiteError('NETLINK_REFUSED', `use ${ip} as an IPv6 address`);
  return ipv6Bytes(address);
}

/** The address in 4 or 16 bytes; undefined for any other length. */
export function ipFromBytes(bytes: Uint8Array | undefined): Ip | undefined {
  if (bytes?.length !== 16) return bytes && ipv4FromBytes(bytes);
  return renderIpv6(ipv6FromBytes(bytes)!);
}

/** The unspecified address of a family: the base of a default route, which the kernel leaves out. */
export function anyOf(family: number): Ip {
  return family === FAMILY.INET6 ? '::' : (0 as Ipv4);
}
