// Frees the addresses of an attachment at its DEL.
import { noteFormer } from './former-addresses.ts';
import { takeImported } from './import-host-local.ts';
import type { Lease } from './lease.ts';
import type { LeaseFiles, Owner } from './lease-files.ts';

/** Remembers what the attachment had, and removes its lease or what was imported for it. Repeatable. */
export function release(files: LeaseFiles, owner: Owner, lease: Lease | undefined): void {
  if (!lease) {
    takeImported(files, owner);
    return;
  }
  noteFormer(files, lease);
  files.remove(lease);
}
