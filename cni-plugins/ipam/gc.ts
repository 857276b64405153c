// GC: removes the leases of attachments that are no more, and what was left without one.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { removeFile, sweepDrafts } from '../../daemons/shared/effects/files.ts';
import { lockFile } from '../../daemons/shared/effects/locks.ts';
import { renderIp } from '../../daemons/shared/model/ip.ts';
import type { Context } from '../context.ts';
import type { NetworkCall } from '../shared/call.ts';
import { CniError, cniCodes } from '../shared/errors.ts';
import { attachmentKey } from '../shared/names.ts';
import { validAttachments } from '../shared/valid-attachments.ts';
import { dropImported, importedKeys } from './import-host-local.ts';
import { networkNameOf } from './ipam-conf.ts';
import { type Lease, leaseIps } from './lease.ts';
import type { LeaseFiles } from './lease-files.ts';

/** Waiting polls, and on a busy machine the others come first again and again. */
const lockWaitMs = 20_000;
/** Leases swept at once: their links go as one group. */
const batchSize = 64;

/** What a GC did, and what it could not do. */
export interface Sweep {
  readonly removed: Lease[];
  readonly failures: unknown[];
}

/** Goes on after a failure and notes it. */
export async function attempt(sweep: Sweep, work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    sweep.failures.push(error);
  }
}

/** Throws CNI code 100 naming the first failure, once all has been tried. */
export function reportFailures({ failures }: Sweep): void {
  if (failures.length === 0) return;
  const [first] = failures;
  const text = first instanceof Error ? first.message : String(first);
  throw new CniError(cniCodes.failed, `GC: ${failures.length} removals failed`, `the first: ${text}`);
}

/** GC of the IPAM plugin on its own: leases whose link is another plugin's. */
export async function ipamGc(context: Context, call: NetworkCall): Promise<Sweep> {
  const sweep: Sweep = { removed: [], failures: [] };
  const files = context.leaseFiles(networkNameOf(call.conf.raw));
  const valid = validAttachments(call.conf.raw);
  await sweepLeases(files, valid, sweep, async (lease) => {
    if (lease.bridge !== null) return false;
    const lock = await context.lockForDel(files, lease);
    try {
      await context.release(files, lease, lease);
    } finally {
      lock.release();
    }
    return true;
  });
  await sweepClaims(files, valid, sweep);
  return sweep;
}

/**
 * Gives each lease that no valid attachment has to `drop`, which says whether it removed it. Only attachments of CNI
 * runtimes: a runtime cannot know those that network-manager makes for Docker and for `corral attach`.
 */
export async function sweepLeases(
  files: LeaseFiles,
  valid: ReadonlySet<string>,
  sweep: Sweep,
  drop: (lease: Lease) => Promise<boolean>,
): Promise<void> {
  const names = files.names().filter((name) => !valid.has(name.slice(0, -'.json'.length)));
  while (names.length > 0) {
    const batch = names.splice(0, batchSize).map((name) =>
      attempt(sweep, async () => {
        const lease = files.readFile(name);
        if (lease?.attachment.engine === 'cni' && (await drop(lease))) sweep.removed.push(lease);
      }),
    );
    await Promise.all(batch);
  }
}

/** Claims without a lease, imported ones whose container is gone, and the drafts of killed writers. */
export async function sweepClaims(files: LeaseFiles, valid: ReadonlySet<string>, sweep: Sweep): Promise<void> {
  if (!existsSync(files.dir)) return;
  await attempt(sweep, async () => {
    const lock = await lockFile(join(files.dir, '.lock'), { waitMs: lockWaitMs });
    try {
      for (const key of importedKeys(files)) if (!valid.has(key)) dropImported(files, key);
      const kept = keptAddresses(files);
      for (const ip of [...files.claimed()].map(renderIp)) {
        if (!kept.has(ip)) removeFile(join(files.dir, 'addresses', ip));
      }
      for (const folder of ['attachments', 'addresses']) sweepDrafts(join(files.dir, folder));
    } finally {
      lock.release();
    }
  });
}

/** Addresses of leases, and of imported claims that are left. */
function keptAddresses(files: LeaseFiles): Set<string> {
  const leases = files.names().flatMap((name) => files.readFile(name) ?? []);
  const imported = new Set(importedKeys(files));
  const waiting = [...files.claimed()].map(renderIp).filter((ip) => {
    const owner = imported.size > 0 ? files.ownerOf(ip) : undefined;
    return owner && imported.has(attachmentKey(owner.containerId, owner.ifname));
  });
  return new Set([...leases.flatMap(leaseIps), ...waiting]);
}
