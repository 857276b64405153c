// Pure: IPv4 addresses and CIDRs as values that cannot be wrong.

declare const ipv4: unique symbol;
/** An IPv4 address as an unsigned 32-bit number in host order. */
export type Ipv4 = number & { readonly [ipv4]: true };

/** An address range; `base` has no host bits set. */
export interface Cidr4 {
  readonly base: Ipv4;
  readonly prefix: number;
}

export function parseIpv4(text: string): Ipv4 | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value as Ipv4;
}

export function renderIpv4(address: Ipv4): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** Address arithmetic that stays inside 32 bits; undefined beyond either end. */
export function offsetIpv4(address: Ipv4, by: number): Ipv4 | undefined {
  const value = address + by;
  return value >= 0 && value <= 0xffffffff ? (value as Ipv4) : undefined;
}

/** Four bytes in network order, as netlink attributes and DNS records want them. */
export function ipv4Bytes(address: Ipv4): Uint8Array {
  return Uint8Array.of(address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255);
}

export function ipv4FromBytes(bytes: Uint8Array): Ipv4 | undefined {
  if (bytes.length !== 4) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  return (a * 0x1000000 + b * 0x10000 + c * 0x100 + d) as Ipv4;
}

/** Parses `10.42.0.0/16`; host bits are refused, since they hide a mistake. */
export function parseCidr4(text: string): Cidr4 | undefined {
  const parsed = parseInterface4(text);
  if (!parsed || networkOf(parsed.address, parsed.prefix) !== parsed.address) return undefined;
  return { base: parsed.address, prefix: parsed.prefix };
}

/** Parses an address with its prefix, `10.42.3.7/16`, host bits kept. */
export function parseInterface4(text: string): { address: Ipv4; prefix: number } | undefined {
  const match = /^([\d.]{7,15})\/(0|[1-9]|[12]\d|3[0-2])$/.exec(text);
  const address = match ? parseIpv4(match[1]!) : undefined;
  return address === undefined ? undefined : { address, prefix: Number(match![2]) };
}

export function renderCidr4(cidr: Cidr4): string {
  return `${renderIpv4(cidr.base)}/${cidr.prefix}`;
}

/** The address with all host bits cleared. */
export function networkOf(address: Ipv4, prefix: number): Ipv4 {
  return (prefix === 0 ? 0 : (address & (-1 << (32 - prefix))) >>> 0) as Ipv4;
}

export function sizeOf(cidr: Cidr4): number {
  return 2 ** (32 - cidr.prefix);
}

/** The highest address of the range (the broadcast address of a subnet). */
export function lastOf(cidr: Cidr4): Ipv4 {
  return (cidr.base + sizeOf(cidr) - 1) as Ipv4;
}

export function contains(cidr: Cidr4, address: Ipv4): boolean {
  return networkOf(address, cidr.prefix) === cidr.base;
}

export function overlaps(a: Cidr4, b: Cidr4): boolean {
  return a.prefix <= b.prefix ? contains(a, b.base) : contains(b, a.base);
}

/** The block of `prefix` bits with this number inside the range, undefined past its end. */
export function blockAt(cidr: Cidr4, prefix: number, index: number): Cidr4 | undefined {
  const base = cidr.base + index * 2 ** (32 - prefix);
  return prefix >= cidr.prefix && index >= 0 && base <= lastOf(cidr) ? { base: base as Ipv4, prefix } : undefined;
}

/** The gateway of a block: its first address after the network address. */
export function gatewayOf(cidr: Cidr4): Ipv4 {
  return (cidr.prefix >= 31 ? cidr.base : cidr.base + 1) as Ipv4;
}
