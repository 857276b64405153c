// Keeps the sets of peers' addresses that the rules look into. Additions come before the rules, and so before a peer's packets.
import type { Ipsets } from '../../shared/effects/netlink/ipset.ts';
import type { Ip } from '../../shared/effects/netlink.ts';
import { hasCode } from '../../shared/model/errors.ts';
import { renderAddress } from '../addresses.ts';

export interface SetWish {
  readonly name: string;
  readonly family: 4 | 6;
  readonly want: ReadonlySet<Ip>;
  /** False: nothing is removed. */
  readonly complete: boolean;
  /** What the set holds; undefined: to be read. */
  readonly known: ReadonlySet<Ip> | undefined;
}

export interface SetChange {
  readonly added: number;
  readonly removed: number;
  /** What the set holds now. */
  readonly members: ReadonlySet<Ip>;
}

/** @returns undefined where the kernel has no sets */
export async function keepPeerSet(
  sets: Ipsets,
  { name, family, want, complete, known }: SetWish,
): Promise<SetChange | undefined> {
  const have = known ?? (await membersOf(sets, name, family));
  if (!have) return undefined;
  const missing = unlike(want, have);
  const stale = complete ? unlike(have, want) : [];
  await Promise.all(missing.map((address) => sets.add(name, address)));
  await Promise.all(stale.map((address) => sets.remove(name, address)));
  const members = complete ? want : new Set([...have, ...missing]);
  return { added: missing.length, removed: stale.length, members };
}

/** Those of one that the other lacks. */
function unlike(one: ReadonlySet<Ip>, other: ReadonlySet<Ip>): Ip[] {
  const found: Ip[] = [];
  for (const address of one) if (!other.has(address)) found.push(address);
  return found;
}

async function membersOf(sets: Ipsets, name: string, family: 4 | 6): Promise<ReadonlySet<Ip> | undefined> {
  try {
    const have = (await sets.has(name)) ? await sets.members(name) : undefined;
    if (have) return new Set(have);
    await sets.ensureSet(name, family);
    return new Set();
  } catch (error) {
    if (hasCode(error, 'NETLINK_REFUSED', 'NETLINK_NOT_FOUND', 'NETLINK_EXISTS')) return undefined;
    throw error;
  }
}

export function describeSetChange(name: string, want: ReadonlySet<Ip>, have: ReadonlySet<Ip>): string[] {
  return [
    ...unlike(want, have).map((address) => `add ${renderAddress(address)} to the set ${name}`),
    ...unlike(have, want).map((address) => `remove ${renderAddress(address)} from the set ${name}`),
  ];
}
