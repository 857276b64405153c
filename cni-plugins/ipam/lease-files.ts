// Lease files of one network, below `<leases>/<network>/`:
//   attachments/<key>.json   the lease, which is the record of the attachment
//   addresses/<ip>           the claim of an address, linked from the lease: exactly one of several claimants gets it
//   last, boot, .lock, .attach/   round robin, whose boot the files belong to, the locks
//   former/, imported/       what an attachment had before it ended; claims taken over from host-local
// Nothing is synced to disk: no lease outlives its boot. The lease is written before its address is claimed and removed
// after the address is free, so whoever is killed in between leaves a lease that names all there is to undo.
import { existsSync, linkSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  ensureDir,
  errnoOf,
  listFiles,
  readTextIfPresent,
  removeFile,
  writeAtomic,
} from '../../daemons/shared/effects/files.ts';
import { type Ip, parseIp, renderIp } from '../../daemons/shared/model/ip.ts';
import { attachmentKey } from '../shared/names.ts';
import { type Lease, leaseIps, parseLease, renderLease } from './lease.ts';

const maxLeaseBytes = 4 << 20;
const maxSetAside = 64;
const singleQuestions = 32;

/** The boots that this process has begun, by folder: a process does not outlive its boot. */
const begun = new Map<string, string>();

export interface Owner {
  readonly containerId: string;
  readonly ifname: string;
}

export class LeaseFiles {
  readonly dir: string;
  readonly network: string;

  constructor(leases: string, network: string) {
    this.dir = join(leases, network);
    this.network = network;
  }

  ensureDirs(): void {
    for (const name of ['attachments', 'addresses', '.attach']) {
      const path = join(this.dir, name);
      if (!existsSync(path)) ensureDir(path, 0o700);
    }
  }

  /** The lease of an attachment. A damaged one is moved aside, and found again by the claim of its address. */
  read(owner: Owner): Lease | undefined {
    const path = this.#pathOf(owner);
    if (!existsSync(path)) return undefined;
    return this.readFile(basename(path)) ?? this.#leaseInClaims(owner);
  }

  /** The lease in a file of that name; undefined if it is gone or damaged (then it is moved aside). */
  readFile(name: string): Lease | undefined {
    const text = readTextIfPresent(join(this.dir, 'attachments', name), maxLeaseBytes);
    if (text === undefined) return undefined;
    const lease = parseLease(text);
    const isItsName = lease && `${attachmentKey(lease.containerId, lease.ifname)}.json` === name;
    if (isItsName && lease.network === this.network) return lease;
    this.#setAside(name);
    return undefined;
  }

  /** True if a damaged file of that name was moved aside. */
  isAsideOf(name: string): boolean {
    return existsSync(join(this.dir, 'damaged', name));
  }

  names(): string[] {
    return listFiles(join(this.dir, 'attachments')).filter((name) => name.endsWith('.json'));
  }

  /**
   * Writes or replaces the lease, without claiming its addresses. Claims that it has keep the file of before, which holds
   * what they are needed for.
   */
  write(lease: Lease): void {
    writeAtomic(this.#pathOf(lease), renderLease(lease));
  }

  /** Claims an address for a lease that is written; false if someone else has it. */
  claim(lease: Lease, ip: string): boolean {
    try {
      linkSync(this.#pathOf(lease), this.#claimPath(ip));
      return true;
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return this.#isOwner(ip, lease);
      throw error;
    }
  }

  /** Frees the addresses, then removes the lease. Repeatable. */
  remove(lease: Lease): void {
    for (const ip of leaseIps(lease)) this.freeClaim(ip, lease);
    removeFile(this.#pathOf(lease));
  }

  /** Frees one address if it is the owner's. */
  freeClaim(ip: string, owner: Owner): void {
    if (this.#isOwner(ip, owner)) removeFile(this.#claimPath(ip));
  }

  /** True if every address of the lease is claimed by it. */
  holds(lease: Lease): boolean {
    return leaseIps(lease).every((ip) => this.#isOwner(ip, lease));
  }

  claimed(): Set<Ip> {
    const claims = listFiles(join(this.dir, 'addresses')).map(parseIp);
    return new Set(claims.filter((address) => address !== undefined));
  }

  /**
   * Tells whether an address is claimed, for the choice of a free one. The first questions are put to the file system one
   * by one, since the next address is mostly free; whoever asks on gets a list.
   */
  taken(): { has(ip: Ip): boolean } {
    let asked = 0;
    let all: Set<Ip> | undefined;
    return {
      has: (ip) => {
        asked += 1;
        if (asked > singleQuestions) all ??= this.claimed();
        return all ? all.has(ip) : existsSync(this.#claimPath(renderIp(ip)));
      },
    };
  }

  /** Whose address it is; undefined if it is free or its claim is damaged. */
  ownerOf(ip: string): Owner | undefined {
    return this.#readClaim(ip);
  }

  /** Forgets the leases and claims of earlier boots, once a boot; returns whether it did. Hold the network's lock. */
  startBoot(bootId: string): boolean {
    const path = join(this.dir, 'boot');
    if (begun.get(this.dir) === bootId) return false;
    if (readTextIfPresent(path) === bootId) return this.#noteBegun(bootId, false);
    for (const name of this.names()) {
      const lease = this.readFile(name);
      if (lease && lease.bootId !== bootId) this.remove(lease);
    }
    for (const ip of [...this.claimed()].map(renderIp)) {
      if (this.#readClaim(ip)?.bootId !== bootId) removeFile(this.#claimPath(ip));
    }
    writeAtomic(path, bootId);
    return this.#noteBegun(bootId, true);
  }

  #noteBegun(bootId: string, now: boolean): boolean {
    begun.set(this.dir, bootId);
    return now;
  }

  /** The address given last from the set of that number. */
  lastGiven(set = 0): Ip | undefined {
    return parseIp(readTextIfPresent(this.#lastPath(set), 64) ?? '');
  }

  /** Not atomic: a torn text only starts the search elsewhere. */
  noteLast(address: Ip, set = 0): void {
    writeFileSync(this.#lastPath(set), renderIp(address), { mode: 0o600 });
  }

  #lastPath(set: number): string {
    return join(this.dir, set === 0 ? 'last' : `last.${set}`);
  }

  #isOwner(ip: string, owner: Owner): boolean {
    const holder = this.ownerOf(ip);
    return holder?.containerId === owner.containerId && holder.ifname === owner.ifname;
  }

  /** As it was when its addresses were reserved, without the result; taken for finished, so that nobody makes it anew. */
  #leaseInClaims(owner: Owner): Lease | undefined {
    const claims = [...this.claimed()].map(renderIp);
    const mine = claims.find((ip) => this.#isOwner(ip, owner));
    const lease = mine === undefined ? undefined : this.#readClaim(mine);
    return lease && { ...lease, phase: 'done' };
  }

  #readClaim(ip: string): Lease | undefined {
    return parseLease(readTextIfPresent(this.#claimPath(ip), maxLeaseBytes) ?? '');
  }

  /** Kept for whoever wants to know why, up to a number. */
  #setAside(name: string): void {
    const aside = join(this.dir, 'damaged');
    ensureDir(aside, 0o700);
    const path = join(this.dir, 'attachments', name);
    if (listFiles(aside).length < maxSetAside) renameSync(path, join(aside, name));
    else removeFile(path);
  }

  #pathOf(owner: Owner): string {
    return join(this.dir, 'attachments', `${attachmentKey(owner.containerId, owner.ifname)}.json`);
  }

  #claimPath(ip: string): string {
    return join(this.dir, 'addresses', ip);
  }
}
