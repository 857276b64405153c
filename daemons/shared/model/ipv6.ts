// Pure: IPv6 addresses as values that cannot be wrong. In text they have the form of RFC 5952; a zone is refused.
import { parseIpv4 } from './ipv4.ts';

declare const ipv6: unique symbol;
/** An IPv6 address as an unsigned 128-bit number in host order. */
export type Ipv6 = bigint & { readonly [ipv6]: true };

/** The eight groups of an address in any of the forms of RFC 4291, section 2.2. */
function groupsOf(text: string): number[] | undefined {
  if (text.length > 45) return undefined;
  const dotted = /^(.*:)([\d.]+)$/.exec(text);
  const tail = dotted?.[2]?.includes('.') ? parseIpv4(dotted[2]) : undefined;
  const plain =
    tail === undefined ? text : `${dotted?.[1]}${(tail >>> 16).toString(16)}:${(tail & 0xffff).toString(16)}`;
  const sides = plain.split('::');
  const [front = [], back = []] = sides.map((side) => (side === '' ? [] : side.split(':')));
  const parts = [...front, ...back];
  if (sides.length > 2 || !parts.every((part) => /^[0-9a-f]{1,4}$/i.test(part))) return undefined;
  const missing = 8 - parts.length;
  if (sides.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const zeros = new Array<string>(missing).fill('0');
  return [...front, ...zeros, ...back].map((part) => Number.parseInt(part, 16));
}

export function parseIpv6(text: string): Ipv6 | undefined {
  const groups = groupsOf(text);
  return groups && (groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n) as Ipv6);
}

/** RFC 5952: lower case, the first longest run of two or more zero groups as `::`. */
export function renderIpv6(address: Ipv6): string {
  const groups = Array.from({ length: 8 }, (_, at) => Number((address >> BigInt(112 - at * 16)) & 0xffffn));
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

/** Sixteen bytes in network order. */
export function ipv6Bytes(address: Ipv6): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, at) => Number((address >> BigInt(120 - at * 8)) & 0xffn));
}

export function ipv6FromBytes(bytes: Uint8Array): Ipv6 | undefined {
  if (bytes.length !== 16) return undefined;
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n) as Ipv6;
}
