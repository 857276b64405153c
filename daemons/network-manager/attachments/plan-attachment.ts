// Pure: what is to be done for one container, from what it wants and the leases it has.
import type { Lease } from '../../../cni-plugins/library.ts';
import type { Want } from './want-attachments.ts';

export interface AttachmentPlan {
  /** Leases of an earlier run of the container; dropped first. */
  readonly drop: readonly Lease[];
  readonly add: boolean;
}

/**
 * `inode` is that of the container's namespace, undefined if it does not run. An attachment that exists in the living
 * namespace stays, whatever the snapshot says by now; a lease of another namespace is of an earlier start.
 */
export function planAttachment(want: Want, leases: readonly Lease[], inode: number | undefined): AttachmentPlan {
  const drop = leases.filter((lease) => inode === undefined || lease.netnsInode !== inode);
  const attached = leases.some((lease) => lease.netnsInode === inode && lease.phase === 'done');
  return { drop, add: want.kind === 'attach' && inode !== undefined && !attached };
}
