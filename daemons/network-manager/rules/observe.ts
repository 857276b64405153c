// Reads the addresses of the host's devices.
import type { Link, Netlink } from '../../shared/effects/netlink.ts';
import type { Ipv4 } from '../../shared/model/ipv4.ts';
import type { DeviceAddress } from '../../shared/model/local-callers.ts';

export type AddressReads = Pick<Netlink, 'listAddresses' | 'getLink'>;

export interface HostAddresses {
  readonly addresses: readonly DeviceAddress[];
  /** Names of devices that have an address and are up. */
  readonly up: ReadonlySet<string>;
}

/** IPv4 addresses with their devices' names. Devices are looked up one by one: few have one, hundreds are containers' links. */
export async function observeAddresses(netlink: AddressReads): Promise<HostAddresses> {
  const listed = await netlink.listAddresses();
  const usable = listed.flatMap(({ index, address, prefix }) =>
    typeof address === 'number' ? [{ index, address: address as Ipv4, prefix }] : [],
  );
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
