// Takes over what the reference IPAM plugin has given in a network of the same name, so that nobody gets an address that a
// container of its still has. Its folder holds a file for each address, named by it: the container's id and interface.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  claimFile,
  ensureDir,
  errnoOf,
  listFiles,
  readTextIfPresent,
  removeFile,
  writeAtomic,
} from '../../daemons/shared/effects/files.ts';
import { type Ip, parseIp, renderIp } from '../../daemons/shared/model/ip.ts';
import { attachmentKey, isContainerId, isIfname } from '../shared/names.ts';
import { emptyResult } from '../shared/result.ts';
import { type Lease, leaseVersion, renderLease } from './lease.ts';
import type { LeaseFiles, Owner } from './lease-files.ts';
import { accepts, type RangeSet } from './pool.ts';

const maxImported = 65_536;
const maxBytes = 4096;
/** Files of host-local outlive a boot, containers do not; a day's margin for a clock that was set. */
const marginMs = 24 * 60 * 60 * 1000;

export interface HostLocalFolder {
  readonly dir: string;
  /** Milliseconds since the epoch. */
  readonly bootedAt: number;
  readonly bootId: string;
}

/** Claims each address for its owner; returns how many. Once a boot, under the network's lock. */
export function importHostLocal(files: LeaseFiles, sets: readonly RangeSet[], folder: HostLocalFolder): number {
  let claimed = 0;
  for (const name of namesIn(folder.dir).slice(0, maxImported)) {
    const address = parseIp(name);
    if (address === undefined || !sets.some((set) => accepts(set, address))) continue;
    const owner = ownerIn(folder, name);
    if (!owner) continue;
    const lease = leaseFor(owner, files.network, renderIp(address), folder.bootId);
    if (!claimFile(join(files.dir, 'addresses', renderIp(address)), renderLease(lease))) continue;
    remember(files, owner, address);
    claimed += 1;
  }
  return claimed;
}

/** Frees what was imported for an attachment, and returns its addresses. Absence is success. */
export function takeImported(files: LeaseFiles, owner: Owner): Ip[] {
  const path = importedPath(files, owner);
  const text = readTextIfPresent(path, maxBytes);
  if (text === undefined) return [];
  const ips = text.split('\n').flatMap((line) => parseIp(line) ?? []);
  for (const ip of ips) files.freeClaim(renderIp(ip), owner);
  removeFile(path);
  return ips;
}

/** The attachments that claims were imported for and that have not come back. */
export function importedKeys(files: LeaseFiles): string[] {
  return listFiles(join(files.dir, 'imported'));
}

/** Frees what was imported under a key of `importedKeys`. */
export function dropImported(files: LeaseFiles, key: string): void {
  const path = join(files.dir, 'imported', key);
  const ips = (readTextIfPresent(path, maxBytes) ?? '').split('\n').flatMap((text) => parseIp(text) ?? []);
  for (const ip of ips) {
    const owner = files.ownerOf(renderIp(ip));
    if (owner && attachmentKey(owner.containerId, owner.ifname) === key) files.freeClaim(renderIp(ip), owner);
  }
  removeFile(path);
}

function remember(files: LeaseFiles, owner: Owner, address: Ip): void {
  ensureDir(join(files.dir, 'imported'), 0o700);
  const path = importedPath(files, owner);
  writeAtomic(path, `${readTextIfPresent(path, maxBytes) ?? ''}${renderIp(address)}\n`);
}

function importedPath(files: LeaseFiles, owner: Owner): string {
  return join(files.dir, 'imported', attachmentKey(owner.containerId, owner.ifname));
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

/** Older versions wrote no interface; their containers had one. */
function ownerIn({ dir, bootedAt }: HostLocalFolder, name: string): Owner | undefined {
  const path = join(dir, name);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size > maxBytes || stat.mtimeMs < bootedAt - marginMs) return undefined;
  const [containerId, ifname = 'eth0'] = (readTextIfPresent(path, maxBytes) ?? '').trim().split(/\r?\n/);
  return isContainerId(containerId) && isIfname(ifname) ? { containerId, ifname } : undefined;
}

function leaseFor({ containerId, ifname }: Owner, network: string, ip: string, bootId: string): Lease {
  return {
    version: leaseVersion,
    phase: 'done',
    containerId,
    ifname,
    network,
    netnsPath: '',
    netnsInode: null,
    bootId,
    addresses: [`${ip}/${ip.includes(':') ? 128 : 32}`],
    mac: '',
    bridge: null,
    hostVeth: null,
    config: {},
    args: {},
    result: emptyResult,
    createdAt: 0,
    attachment: {
      name: containerId.slice(0, 12),
      externalId: containerId,
      engine: 'cni',
      labels: {},
      ports: [],
      hostname: null,
      containerUuid: null,
    },
  };
}
