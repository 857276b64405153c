// Pure: which attachments have lost their namespace without anybody having said so. A namespace counts as gone at the second
// look in a row, so that a moment of confusion deletes nothing.
import type { Lease } from '../../../cni-plugins/library.ts';

/** What was seen of an attachment just now. */
export interface Sight {
  /** The namespace that the path of one attached by hand leads to. */
  readonly inode: number | undefined;
  /** The host's end of the link exists; undefined when the lease names none. */
  readonly hostLink: boolean | undefined;
}

/**
 * The kernel removes the link with the namespace, and only then may give the namespace's number to another; so a link that is
 * missing tells most. A path counts only for a namespace that was attached by hand: a runtime's may mean something in the
 * runtime's own view of the file system.
 */
export function isGone(lease: Lease, sight: Sight): boolean {
  if (sight.hostLink === false) return true;
  return lease.attachment.engine === 'attach' && sight.inode !== lease.netnsInode;
}

/** Those of `gone` that were gone at the last look already, and what to remember for the next. */
export function confirmGone(
  gone: readonly Lease[],
  before: ReadonlySet<string>,
): { confirmed: Lease[]; remember: Set<string> } {
  const remember = new Set(gone.map(keyOfLease));
  return { confirmed: gone.filter((lease) => before.has(keyOfLease(lease))), remember };
}

/** A lease that was made anew is another one. */
function keyOfLease(lease: Lease): string {
  return `${lease.network}/${lease.containerId}/${lease.ifname}/${lease.createdAt}/${lease.netnsInode}`;
}
