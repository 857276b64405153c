// DEL: works in every state (namespace gone, link gone, no lease, before ADD, twice), and frees the address last.
import type { Context } from '../context.ts';
import { networkNameOf } from '../ipam/ipam-conf.ts';
import type { Lease } from '../ipam/lease.ts';
import type { Call } from '../shared/call.ts';
import { dropOwnLinks } from './own-links.ts';

/** Returns the lease that it removed, if there was one. The namespace is not needed: both ends go with the host's. */
export async function bridgeDel(context: Context, call: Call): Promise<Lease | undefined> {
  const network = networkNameOf(call.conf.raw);
  const owner = { network, containerId: call.env.containerId, ifname: call.env.ifname };
  const files = context.leaseFiles(network);
  const lock = await context.lockForDel(files, owner);
  try {
    const lease = files.read(owner);
    await dropOwnLinks(context.netlink, owner, lease);
    await context.release(files, owner, lease);
    return lease;
  } finally {
    lock.release();
  }
}
