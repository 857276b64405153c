// What an attachment had before its DEL, so that a container that is started again gets its addresses again while they are
// free. One of 4096 small files for each attachment, found by digest: a newer one overwrites an older of the same slot, so
// they do not grow, and losing one costs no more than another address.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDir, readTextIfPresent } from '../../daemons/shared/effects/files.ts';
import { type Ip, parseIp } from '../../daemons/shared/model/ip.ts';
import { digestOf } from '../shared/digest.ts';
import { attachmentKey } from '../shared/names.ts';
import { type Lease, leaseIps } from './lease.ts';
import type { LeaseFiles, Owner } from './lease-files.ts';

const maxBytes = 4096;

/** Not atomic: a torn file names addresses that are only preferred, never taken for free. */
export function noteFormer(files: LeaseFiles, lease: Lease): void {
  ensureDir(join(files.dir, 'former'), 0o700);
  const key = attachmentKey(lease.containerId, lease.ifname);
  writeFileSync(slotOf(files, key), [key, ...leaseIps(lease)].join('\n'), { mode: 0o600 });
}

export function formerAddresses(files: LeaseFiles, owner: Owner): Ip[] {
  const key = attachmentKey(owner.containerId, owner.ifname);
  const [first, ...ips] = (readTextIfPresent(slotOf(files, key), maxBytes) ?? '').split('\n');
  return first === key ? ips.map(parseIp).filter((ip) => ip !== undefined) : [];
}

function slotOf(files: LeaseFiles, key: string): string {
  return join(files.dir, 'former', digestOf(key).slice(0, 3));
}
