// Pure: the file whose flock orders the verbs of one attachment.
import { join } from 'node:path';
import { digestOf } from '../shared/digest.ts';
import { attachmentKey } from '../shared/names.ts';
import type { Owner } from './lease-files.ts';

/**
 * One of 4096 files: a lock file is never unlinked (a waiter would hold the lock of a file that is no more), so one for
 * each attachment that ever was would grow without bound. Two attachments of one slot only wait for each other.
 */
export function attachmentLock(networkDir: string, owner: Owner): string {
  const slot = digestOf(attachmentKey(owner.containerId, owner.ifname)).slice(0, 3);
  return join(networkDir, '.attach', `${slot}.lock`);
}
