// Reads what the rules keeper compares: the tables as iptables prints them, and the addresses of the host's devices.
import type { Iptables } from '../../shared/effects/iptables.ts';
import type { Netlink } from '../../shared/effects/netlink.ts';
import { tables } from '../../shared/model/hooks.ts';
import type { Ipv4 } from '../../shared/model/ipv4.ts';
import type { DeviceAddress } from '../../shared/model/local-callers.ts';
import { parseSave, type SavedTables } from '../../shared/reconcile/iptables-save.ts';

export async function observeRules(iptables: Pick<Iptables, 'save'>): Promise<SavedTables> {
  const texts = await Promise.all(tables.map((table) => iptables.save(table)));
  return new Map(texts.flatMap((text) => [...parseSave(text)]));
}

export type AddressReads = Pick<Netlink, 'listAddresses' | 'getLink'>;

/** IPv4 addresses with their devices' names. Devices are looked up one by one: few have one, hundreds are containers' links. */
export async function observeAddresses(netlink: AddressReads): Promise<DeviceAddress[]> {
  const addresses = await netlink.listAddresses();
  const usable = addresses.flatMap(({ index, address, prefix }) =>
    typeof address === 'number' ? [{ index, address: address as Ipv4, prefix }] : [],
  );
  const names = new Map<number, string | undefined>();
  const indexes = [...new Set(usable.map(({ index }) => index))];
  await Promise.all(indexes.map(async (index) => names.set(index, (await netlink.getLink(index))?.name)));
  return usable.flatMap(({ index, address, prefix }) => {
    const device = names.get(index);
    return device === undefined ? [] : [{ device, address, prefix }];
  });
}
