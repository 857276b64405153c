// Pure: which attachments have lost their namespace without anybody having said so. A namespace counts as gone at the second
// look in a row, so that a moment of confusion deletes nothing.
import type { Lease } from '../../../cni-plugins/library.ts';

/** What was seen of an attachment just now. */
export interface Sight {
  /** The namespace that the lease's path leads to. */
  readonly inode: number | undefined;
  /** The host's end of the link exists; undefined when the lease names none. */
  readonly hostLink: boolean | undefined;
}

/**
 * A namespace attached by hand is gone when its path leads nowhere or elsewhere. A runtime's path may only mean something in
 * the runtime's own view of the file system; there the link has to be gone too, which the kernel removes with the namespace.
 */
export function isGone(lease: Lease, sight: Sight): boolean {
  if (lease.netnsInode !== null && sight.inode === lease.netnsInode) return false;
  if (lease.attachment.engine === 'attach') return true;
  return sight.hostLink === false;
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
