// Reads the addresses of the host's devices.
import type { Link, Netlink } from '../../shared/effects/netlink.ts';
import type { Ip } from '../../shared/model/ip.ts';
import { parseIp } from '../../shared/model/ip.ts';

export type AddressReads = Pick<Netlink, 'listAddresses' | 'getLink'>;

/** An address that a device of this host owns. */
export interface DeviceIp {
  readonly device: string;
  readonly address: Ip;
  readonly prefix: number;
}

export interface HostAddresses {
  readonly addresses: readonly DeviceIp[];
  /** Names of devices that have an address and are up. */
  readonly up: ReadonlySet<string>;
}

/**
 * Addresses with their devices' names, without those of one link (fe80::/10), which every device of a container has. Devices are
 * looked up one by one: few have an address, hundreds are containers' links.
 */
export async function observeAddresses(netlink: AddressReads): Promise<HostAddresses> {
  const listed = await netlink.listAddresses();
  const usable = listed.flatMap(({ index, address, prefix }) => {
    const ip = typeof address === 'number' ? (address as Ip) : parseIp(address);
    return ip === undefined || isOfOneLink(ip) ? [] : [{ index, address: ip, prefix }];
  });
  const links = new Map<number, Link | undefined>();
  const indexes = [...new Set(usable.map(({ index }) => index))];
  await Promise.all(indexes.map(async (index) => links.set(index, await netlink.getLink(index))));
  const addresses = usable.flatMap(({ index, address, prefix }) => {
    const device = links.get(index)?.name;
    return device === undefined ? [] : [{ device, address, prefix }];
  });
  const up = [...links.values()].flatMap((link) => (link?.up ? [link.name] : []));
  return { addresses, up: new Set(up) };
}

function isOfOneLink(ip: Ip): boolean {
  return typeof ip === 'bigint' && ip >> 118n === 0x3fan;
}
