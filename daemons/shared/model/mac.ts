// Pure: MAC addresses.
import { createHash } from 'node:crypto';
import type { Ip } from './ip.ts';
import type { Ipv4 } from './ipv4.ts';

declare const mac: unique symbol;
/** A unicast or multicast MAC in lower case with colons. */
export type Mac = string & { readonly [mac]: true };

export function parseMac(text: string): Mac | undefined {
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text) ? (text.toLowerCase() as Mac) : undefined;
}

/** True for an address that a device may own: not multicast, not all zero. */
export function isUsableMac(value: Mac): boolean {
  return (Number.parseInt(value.slice(0, 2), 16) & 1) === 0 && value !== '00:00:00:00:00:00';
}

/** The MAC of a container, derived from its address so that peers can compute it: 0a:58 and the four bytes. */
export function macForAddress(address: Ipv4): Mac {
  return `0a:58:${[24, 16, 8, 0].map((shift) => hex((address >>> shift) & 255)).join(':')}` as Mac;
}

/** The same for either family: an IPv6 address gives 0a:5a and its last four bytes. */
export function macFor(address: Ip): Mac {
  if (typeof address === 'number') return macForAddress(address);
  const low = Number(address & 0xffffffffn);
  return `0a:5a:${[24, 16, 8, 0].map((shift) => hex((low >>> shift) & 255)).join(':')}` as Mac;
}

/** The MAC of a host's VXLAN devices, from the host's uuid: 0e:00, as the original began them, and four bytes of a digest. */
export function vtepMac(hostId: string): Mac {
  const digest = createHash('sha256').update(`vtep ${hostId}`).digest();
  return `0e:00:${Array.from(digest.subarray(0, 4), hex).join(':')}` as Mac;
}

export function macBytes(value: Mac): Uint8Array {
  const bytes = new Uint8Array(6);
  for (let at = 0; at < 6; at += 1) bytes[at] = nibble(value, at * 3) * 16 + nibble(value, at * 3 + 1);
  return bytes;
}

export function macFromBytes(bytes: Uint8Array): Mac | undefined {
  if (bytes.length !== 6) return undefined;
  let text = hex(bytes[0]!);
  for (let at = 1; at < 6; at += 1) text += `:${hex(bytes[at]!)}`;
  return text as Mac;
}

/** Of a lower-case hex digit. */
function nibble(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 0x3a ? code - 0x30 : code - 0x57;
}

const hexes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hex(byte: number): string {
  return hexes[byte]!;
}
