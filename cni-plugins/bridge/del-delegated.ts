// DEL of a network whose addresses another IPAM plugin gives: our own part first, then the other plugin is told.
import type { Context } from '../context.ts';
import { networkNameOf } from '../ipam/ipam-conf.ts';
import type { Lease } from '../ipam/lease.ts';
import { type Call, delegateCallOf } from '../shared/call.ts';
import { delegateType, runDelegate } from '../shared/delegate.ts';
import { bridgeDel } from './del.ts';

/** Returns the lease that it removed, if there was one. @throws what the other plugin failed with; DEL may be repeated. */
export async function bridgeDelWithIpam(context: Context, call: Call): Promise<Lease | undefined> {
  const type = delegateType(call.conf.raw);
  if (type === undefined) return await bridgeDel(context, call);
  const known = context.leaseFiles(networkNameOf(call.conf.raw)).read(call.env)?.delegatePath ?? [];
  const lease = await bridgeDel(context, call);
  const theirs = delegateCallOf(call);
  // A DEL by network-manager has no CNI_PATH of a runtime; the lease remembers that of the ADD.
  await runDelegate(type, 'DEL', { ...theirs, path: [...theirs.path, ...known] });
  return lease;
}
