// The address of metadata and DNS, on `lo` with scope host: there it serves every bridge, callers keep their source address,
// and the kernel never picks it for traffic that leaves the host.
import { SuiteError } from '../model/errors.ts';
import { bitsOf, familyOf, type Ip, renderIp } from '../model/ip.ts';
import type { Address } from './netlink/addresses.ts';
import type { Link } from './netlink/links.ts';

/** The part of netlink that is needed here. */
export interface ServiceAddressVerbs {
  listAddresses(): Promise<Pick<Address, 'index' | 'address'>[]>;
  getLink(name: string): Promise<Pick<Link, 'index' | 'up'> | undefined>;
  ensureAddress(want: Address): Promise<boolean>;
}

/**
 * Makes sure that the host owns the address; one that any device has already is left as it is, so a second call writes
 * nothing. Returns whether it wrote. Throws the kernel's refusal (SuiteError NETLINK_*).
 */
export async function ensureServiceAddress(netlink: ServiceAddressVerbs, address: Ip): Promise<boolean> {
  const have = await netlink.listAddresses();
  const wanted = typeof address === 'number' ? address : renderIp(address);
  if (have.some((one) => one.address === wanted)) return false;
  const lo = await netlink.getLink('lo');
  if (!lo) throw new SuiteError('NETLINK_NO_SUCH_DEVICE', `put ${renderIp(address)} on lo`);
  return netlink.ensureAddress({ index: lo.index, address: wanted, prefix: bitsOf(familyOf(address)), scope: 'host' });
}
