// Frees the addresses of an attachment at its DEL.
import { errnoOf } from '../../daemons/shared/effects/files.ts';
import { noteFormer } from './former-addresses.ts';
import { takeImported } from './import-host-local.ts';
import type { Lease } from './lease.ts';
import type { LeaseFiles, Owner } from './lease-files.ts';

/** Removes the lease of an attachment, or what was imported for it, and remembers what it had. Repeatable. */
export function release(files: LeaseFiles, owner: Owner, lease: Lease | undefined): void {
  if (!lease) {
    takeImported(files, owner);
    return;
  }
  files.remove(lease);
  try {
    noteFormer(files, lease);
  } catch (error) {
    // On a full disk an address can be freed, but not remembered.
    if (errnoOf(error) === undefined) throw error;
  }
}
