// Finding and removing what an attachment has on the host, and nothing that is someone else's.
import { type Link, type Netlink, PROTO_CORRAL } from '../../daemons/shared/effects/netlink.ts';
import { SuiteError } from '../../daemons/shared/model/errors.ts';
import { bitsOf, familyOf, parseInterface } from '../../daemons/shared/model/ip.ts';
import type { Lease } from '../ipam/lease.ts';
import { kernelIp } from './kernel-ip.ts';
import { aliasPrefix, hostVethMac, hostVethNames, type LinkOwner, linkAlias, macPrefix } from './names.ts';

/**
 * True if the device is the host's end of this attachment: by its alias, or, when an ADD was killed before it set one, by
 * its MAC, which is derived from the attachment.
 */
export function isOwnLink(link: Link, owner: LinkOwner): boolean {
  if (link.kind !== 'veth') return false;
  return link.alias ? link.alias === linkAlias(owner) : link.mac === hostVethMac(owner);
}

/** True if the device is the host's end of any attachment of Corral's. */
export function isCorralLink(link: Link): boolean {
  if (link.kind !== 'veth') return false;
  return link.alias ? link.alias.startsWith(aliasPrefix) : link.mac?.startsWith(macPrefix) === true;
}

/**
 * The name for the host's end. A device of that name that is ours, left by an ADD whose lease was lost, is removed.
 * @throws SuiteError NETLINK_EXISTS if other attachments have all candidates.
 */
export async function freeHostVethName(netlink: Netlink, owner: LinkOwner): Promise<string> {
  const names = hostVethNames(owner);
  for (const name of names) {
    const link = await netlink.getLink(name);
    if (link && !isOwnLink(link, owner)) continue;
    if (link) await netlink.dropLink(link.index);
    return name;
  }
  throw new SuiteError(
    'NETLINK_EXISTS',
    `name the link of ${owner.containerId} ${owner.ifname}: ${names.join(' and ')} are taken`,
  );
}

/** Removes the pair, the bridge's neighbour entry and the host's route of an attachment. Absence is success. */
export async function dropOwnLinks(netlink: Netlink, owner: LinkOwner, lease: Lease | undefined): Promise<void> {
  // All that it may have: a lease of which only the claim is left names the one that was free, which another may have taken.
  for (const name of new Set([...hostVethNames(owner), ...(lease?.hostVeth ? [lease.hostVeth] : [])])) {
    const link = await netlink.getLink(name);
    if (link && isOwnLink(link, owner)) await netlink.dropLink(link.index);
  }
  if (lease) await dropHostEntries(netlink, lease);
}

/** What stands on the bridge and not on the link, so that it does not go with the link. */
export async function dropHostEntries(netlink: Netlink, lease: Pick<Lease, 'bridge' | 'addresses'>): Promise<void> {
  const bridge = lease.bridge === null ? undefined : await netlink.getLink(lease.bridge);
  if (!bridge) return; // with the bridge its entries went too
  for (const text of lease.addresses) {
    const parsed = parseInterface(text);
    if (!parsed) continue;
    const address = kernelIp(parsed.address);
    // Whether it has a route depends on the gateway, which the lease of an unfinished ADD does not name.
    const dst = { base: address, prefix: bitsOf(familyOf(parsed.address)) };
    await Promise.all([
      netlink.dropNeighbour({ index: bridge.index, address }),
      netlink.dropRoute({ dst, protocol: PROTO_CORRAL }),
    ]);
  }
}
