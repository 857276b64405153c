// Pure: IP addresses of both families as the kernel takes them.
import { isIPv6 } from 'node:net';
import { SuiteError } from '../../model/errors.ts';
import { type Ipv4, ipv4Bytes, ipv4FromBytes, renderIpv4 } from '../../model/ipv4.ts';
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
  if (!isIPv6(ip) || ip.includes('%')) throw new SuiteError('NETLINK_REFUSED', `use ${ip} as an IPv6 address`);
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(ip);
  const hex = (high: string, low: string): string => (Number(high) * 256 + Number(low)).toString(16);
  const plain = dotted ? `${dotted[1]}${hex(dotted[2]!, dotted[3]!)}:${hex(dotted[4]!, dotted[5]!)}` : ip;
  const [head = '', tail] = plain.split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((part) => Number.parseInt(part, 16));
  const [front, back] = [groups(head), groups(tail ?? '')];
  const all = [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 255]));
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
