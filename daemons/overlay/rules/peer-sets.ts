// Keeps the sets of peers' addresses that the rules look into. Additions come before the rules, and so before a peer's packets.
import type { Ipsets } from '../../shared/effects/netlink/ipset.ts';
import type { Ip } from '../../shared/effects/netlink.ts';
import { hasCode } from '../../shared/model/errors.ts';
import { renderAddress } from '../addresses.ts';

export interface SetChange {
  readonly added: number;
  readonly removed: number;
}

/**
 * @param complete false: nothing is removed
 * @returns undefined where the kernel has no sets
 */
export async function keepPeerSet(
  sets: Ipsets,
  name: string,
  family: 4 | 6,
  want: ReadonlySet<Ip>,
  complete: boolean,
): Promise<SetChange | undefined> {
  const have = await membersOf(sets, name, family);
  if (!have) return undefined;
  const present = new Set(have);
  const missing = [...want].filter((address) => !present.has(address));
  const stale = complete ? have.filter((address) => !want.has(address)) : [];
  await Promise.all(missing.map((address) => sets.add(name, address)));
  await Promise.all(stale.map((address) => sets.remove(name, address)));
  return { added: missing.length, removed: stale.length };
}

async function membersOf(sets: Ipsets, name: string, family: 4 | 6): Promise<Ip[] | undefined> {
  try {
    const have = (await sets.has(name)) ? await sets.members(name) : undefined;
    if (have) return have;
    await sets.ensureSet(name, family);
    return [];
  } catch (error) {
    if (hasCode(error, 'NETLINK_REFUSED', 'NETLINK_NOT_FOUND', 'NETLINK_EXISTS')) return undefined;
    throw error;
  }
}

export function describeSetChange(name: string, want: ReadonlySet<Ip>, have: ReadonlySet<Ip>): string[] {
  const missing = [...want].filter((address) => !have.has(address));
  const stale = [...have].filter((address) => !want.has(address));
  return [
    ...missing.map((address) => `add ${renderAddress(address)} to the set ${name}`),
    ...stale.map((address) => `remove ${renderAddress(address)} from the set ${name}`),
  ];
}
