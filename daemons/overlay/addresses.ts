// Pure: addresses between the model's form and netlink's, and those that follow from a host.
import type { IpRange, Ip as NetlinkIp } from '../shared/effects/netlink.ts';
import { type Cidr, contains, type Ip, offsetIp, parseCidr } from '../shared/model/ip.ts';
import { renderIpv4 } from '../shared/model/ipv4.ts';
import { ipv6FromBytes, renderIpv6 } from '../shared/model/ipv6.ts';
import { type Mac, macBytes } from '../shared/model/mac.ts';

export function toNetlink(address: Ip): NetlinkIp {
  return typeof address === 'number' ? address : renderIpv6(address);
}

export function toNetlinkRange({ base, prefix }: Cidr): IpRange {
  return { base: toNetlink(base), prefix };
}

export function renderAddress(address: NetlinkIp): string {
  return typeof address === 'number' ? renderIpv4(address) : address;
}

export function renderRange({ base, prefix }: IpRange): string {
  return `${renderAddress(base)}/${prefix}`;
}

/** The link-local address of an Ethernet device with this MAC (RFC 4291, appendix A). */
export function linkLocalOf(mac: Mac): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = macBytes(mac);
  return renderIpv6(ipv6FromBytes(Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f))!);
}

/** The first address after the base of an IPv6 range, which is the gateway's; undefined for a range of one. */
export function gateway6Of(range: Cidr): string | undefined {
  const address = offsetIp(range.base, 1);
  return address !== undefined && contains(range, address) ? String(toNetlink(address)) : undefined;
}

/** Nobody can be sent a packet there: this network, loopback, multicast, link-local of IPv6, reserved. */
const unusable = ['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3', '::/127', 'ff00::/8', 'fe80::/10'].map(
  (text) => parseCidr(text)!,
);

export function canBeReached(address: Ip): boolean {
  return !unusable.some((range) => contains(range, address));
}
