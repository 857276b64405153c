// Pure: names and addresses that follow from a network's definition.
import { createHash } from 'node:crypto';
import { type Cidr4, parseCidr4 } from './ipv4.ts';
import type { NetworkObject } from './objects.ts';

/** The metadata service and the DNS listen here on every host. */
export const serviceAddress = '169.254.169.250';

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

/** The parsed range of a network; the snapshot holds only valid ones. */
export function subnetOf(network: NetworkObject): Cidr4 {
  const subnet = parseCidr4(network.subnet);
  if (!subnet) throw new RangeError(`network ${network.name} holds the subnet ${network.subnet}`);
  return subnet;
}

/** Bytes that a driver's encapsulation takes from the uplink's MTU over IPv4. */
export const driverOverhead = { none: 0, vxlan: 50, wireguard: 80, ipsec: 98 } as const;
