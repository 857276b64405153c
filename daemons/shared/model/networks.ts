// Pure: names and addresses that follow from a network's definition.
import { createHash } from 'node:crypto';
import { type Cidr, networkOf, offsetIp, parseCidr, renderCidr } from './ip.ts';
import { type Cidr4, parseCidr4, sizeOf } from './ipv4.ts';
import type { Driver, NetworkObject } from './objects.ts';

/** The metadata service and the DNS listen here on every host. */
export const serviceAddress = '169.254.169.250';

/** The same for containers that have IPv6 alone; on hosts that have part in a network with IPv6. */
export const serviceAddress6 = 'fd00:a9fe:a9fe::250';

/** A network's name becomes a directory, a bridge and a file name: letters, digits, `_ . -`, no leading dot or dash. */
export function isNetworkName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/.test(text);
}

/** corral0 for the default network, corral-<name> for others, shortened by a hash to the 15 characters of a device name. */
export function bridgeName(network: string, isDefault: boolean): string {
  if (isDefault) return 'corral0';
  const full = `corral-${network}`;
  if (full.length <= 15) return full;
  return `corral-${createHash('sha256').update(network).digest('hex').slice(0, 8)}`;
}

/** The originals' VXLAN network identifier; the default network has it. */
export const defaultVni = 1042;

/** Highest identifier that a VXLAN header holds: 24 bits. */
export const maxVni = 2 ** 24 - 1;
const firstDerivedVni = 4096;

/** The identifier of a VXLAN network that is configured without one, equal on every host. */
export function vniOf(network: string, isDefault: boolean): number {
  if (isDefault) return defaultVni;
  const digest = createHash('sha256').update(`vni ${network}`).digest();
  return firstDerivedVni + (digest.readUInt32BE() % (maxVni + 1 - firstDerivedVni));
}

/** vtep1042 for the default network. */
export function vtepName(vni: number): string {
  return `vtep${vni}`;
}

/**
 * The IPv6 part that goes with a block: the one of the same number, counted from the start of each range. Undefined where the
 * IPv6 range has fewer parts than that.
 */
export function block6Of(subnet: Cidr4, block: Cidr4, subnet6: Cidr, block6: number): string | undefined {
  const number = (block.base - subnet.base) / sizeOf(block);
  const base = offsetIp(subnet6.base, BigInt(number) << BigInt(128 - block6));
  if (base === undefined || networkOf(base, subnet6.prefix) !== subnet6.base) return undefined;
  return renderCidr({ base, prefix: block6 });
}

/** A range of IPv6, or undefined. */
export function parseCidr6(text: string): Cidr | undefined {
  const cidr = parseCidr(text);
  return typeof cidr?.base === 'bigint' ? cidr : undefined;
}

/** The parsed range of a network; the snapshot holds only valid ones. */
export function subnetOf(network: NetworkObject): Cidr4 {
  const subnet = parseCidr4(network.subnet);
  if (!subnet) throw new RangeError(`network ${network.name} holds the subnet ${network.subnet}`);
  return subnet;
}

/** Bytes that a driver's encapsulation takes from the uplink's MTU over IPv4; WireGuard's usual figure leaves room for IPv6. */
export const driverOverhead = { none: 0, vxlan: 50, wireguard: 80, ipsec: 98 } as const;
/** Outer IPv6 has a header of 40 bytes, IPv4 one of 20. */
const longerHeader = 20;

/** @param underlay family of the hosts' agent addresses */
export function overheadOf(driver: Driver, underlay: 4 | 6): number {
  const isLonger = underlay === 6 && (driver === 'vxlan' || driver === 'ipsec');
  return driverOverhead[driver] + (isLonger ? longerHeader : 0);
}
