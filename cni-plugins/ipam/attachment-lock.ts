// Pure: the file whose flock orders the verbs of one attachment.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { attachmentKey } from '../shared/names.ts';
import type { Owner } from './lease-files.ts';

const slots = 1024;

/**
 * One of 1024 files: a lock file is never unlinked (a waiter would hold the lock of a file that is no more), so one for
 * each attachment that ever was would grow without bound. Two attachments of one slot only wait for each other.
 */
export function attachmentLock(networkDir: string, owner: Owner): string {
  const digest = createHash('sha256').update(attachmentKey(owner.containerId, owner.ifname)).digest();
  const slot = (digest.readUInt16BE(0) % slots).toString(16).padStart(3, '0');
  return join(networkDir, '.attach', `${slot}.lock`);
}
