// Pure: IP addresses of both families as the kernel takes them.
import { SuiteError } from '../../model/errors.ts';
import { type Ipv4, ipv4Bytes, ipv4FromBytes, parseIpv4, renderIpv4 } from '../../model/ipv4.ts';
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
  const groups = parseIpv6(ip);
  if (!groups) throw new SuiteError('NETLINK_REFUSED', `use ${ip} as an IPv6 address`);
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]));
}

/** The eight groups of an address in any of the forms of RFC 4291, without a zone. */
function parseIpv6(text: string): number[] | undefined {
  const dotted = /^(.*:)([\d.]+)$/.exec(text);
  const tail = dotted?.[2]?.includes('.') ? parseIpv4(dotted[2]) : undefined;
  const plain =
    tail === undefined ? text : `${dotted![1]}${(tail >>> 16).toString(16)}:${(tail & 0xffff).toString(16)}`;
  const sides = plain.split('::');
  const [front = [], back = []] = sides.map((side) => (side === '' ? [] : side.split(':')));
  const parts = [...front, ...back];
  if (sides.length > 2 || !parts.every((part) => /^[0-9a-f]{1,4}$/i.test(part))) return undefined;
  const missing = 8 - parts.length;
  if (sides.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const zeros = new Array<string>(missing).fill('0');
  return [...front, ...zeros, ...back].map((part) => Number.parseInt(part, 16));
}

/** The address in 4 or 16 bytes; undefined for any other length. */
export function ipFromBytes(bytes: Uint8Array | undefined): Ip | undefined {
  if (bytes?.length !== 16) return bytes && ipv4FromBytes(bytes);
  const groups: number[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(bytes[at]! * 256 + bytes[at + 1]!);
  return renderIpv6(groups);
}

/** The unspecified address of a family: the base of a default route, which the kernel leaves out. */
export function anyOf(family: number): Ip {
  return family === FAMILY.INET6 ? '::' : (0 as Ipv4);
}

/** RFC 5952: lower case, the first longest run of two or more zero groups as `::`. */
function renderIpv6(groups: readonly number[]): string {
  let [best, bestLength] = [0, 1];
  for (let at = 0; at < 8; at += 1) {
    let length = 0;
    while (groups[at + length] === 0) length += 1;
    if (length > bestLength) [best, bestLength] = [at, length];
  }
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return bestLength < 2 ? text(0, 8) : `${text(0, best)}::${text(best + bestLength, 8)}`;
}
