// What the verbs share while a program runs: paths, the kernel, the boot's id.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readText } from '../daemons/shared/effects/files.ts';
import { type Lock, lockFile } from '../daemons/shared/effects/locks.ts';
import { type Netlink, openNetlink } from '../daemons/shared/effects/netlink.ts';
import { isHomeNetns, type Netns, openNetns } from '../daemons/shared/effects/netns.ts';
import { SuiteError } from '../daemons/shared/model/errors.ts';
import type { Paths } from '../daemons/shared/model/paths.ts';
import type { CniSettings } from './api.ts';
import { gatheringDrops } from './bridge/group-drops.ts';
import { isCorralLink } from './bridge/own-links.ts';
import { type AddressClaims, claimsThroughMetadata } from './ipam/address-claims.ts';
import { attachmentLock } from './ipam/attachment-lock.ts';
import type { HostLocalFolder } from './ipam/import-host-local.ts';
import type { Lease } from './ipam/lease.ts';
import type { Owner } from './ipam/lease-files.ts';
import { LeaseFiles } from './ipam/lease-files.ts';
import { release } from './ipam/release.ts';
import { releaseLease } from './ipam/take-addresses.ts';
import type { Call } from './shared/call.ts';
import { isObject, textOf } from './shared/json.ts';

const attachLockWaitMs = 10_000;

export class Context {
  readonly paths: Paths;
  readonly afterStep: CniSettings['afterStep'];
  readonly ahead: CniSettings['ahead'];
  readonly claims: AddressClaims;
  #netlink: Netlink | undefined;
  #lister: Netlink | undefined;
  #bootId: string | undefined;

  constructor(settings: CniSettings) {
    this.paths = settings.paths;
    this.claims = settings.claims ?? claimsThroughMetadata(settings.paths);
    this.afterStep = settings.afterStep;
    this.ahead = settings.ahead;
  }

  /**
   * The host's side; opened at the first use. It takes its answers at once, except for the list of all devices, which is long.
   * Its deletions of links gather.
   */
  get netlink(): Netlink {
    if (this.#netlink) return this.#netlink;
    const direct = openNetlink(undefined, 'direct');
    const kernel: Netlink = { ...direct, listLinks: (filter) => this.#longLists.listLinks(filter) };
    this.#netlink = { ...kernel, dropLink: gatheringDrops(kernel, isCorralLink) };
    return this.#netlink;
  }

  get #longLists(): Netlink {
    this.#lister ??= openNetlink();
    return this.#lister;
  }

  get bootId(): string {
    this.#bootId ??= readText('/proc/sys/kernel/random/boot_id').trim();
    return this.#bootId;
  }

  leaseFiles(network: string): LeaseFiles {
    return new LeaseFiles(this.paths.leases, network);
  }

  /** Orders the verbs of one attachment, in this process and in others. */
  lockAttachment(files: LeaseFiles, owner: Owner): Promise<Lock> {
    files.ensureDirs();
    return lockFile(attachmentLock(files.dir, owner), { waitMs: attachLockWaitMs });
  }

  /** The same for DEL, which makes no folders for a network that this host never had. */
  async lockForDel(files: LeaseFiles, owner: Owner): Promise<Lock> {
    return existsSync(files.dir) ? await this.lockAttachment(files, owner) : { release: () => undefined };
  }

  /** Frees what an attachment has, here and in the cluster. Repeatable. */
  async release(files: LeaseFiles, owner: Owner, lease: Lease | undefined): Promise<void> {
    release(files, owner, lease);
    await releaseLease(this.claims, lease);
  }

  /** Where the reference IPAM plugin would keep the addresses of this network: below `ipam.dataDir`, if that is set. */
  hostLocalFolder({ conf, callerRoot }: Call): HostLocalFolder {
    const told = isObject(conf.raw.ipam) ? textOf(conf.raw.ipam.dataDir, 1024) : undefined;
    const base = told?.startsWith('/') ? `${callerRoot}${told}` : `${this.paths.root}/var/lib/cni/networks`;
    const uptimeMs = Number.parseFloat(readText('/proc/uptime')) * 1000;
    return { dir: join(base, conf.name), bootedAt: Date.now() - uptimeMs, bootId: this.bootId };
  }

  close(): void {
    this.#netlink?.close();
    this.#lister?.close();
    this.#netlink = undefined;
    this.#lister = undefined;
  }
}

/**
 * Opens the container's namespace through the caller's file system.
 * @throws SuiteError NETNS_GONE, or NETNS_IS_HOST if it is our own and that was not said: every step would hit the host.
 */
export function openContainer(call: Call): Netns {
  const netns = openNetns(`${call.callerRoot}${call.env.netns}`);
  if (call.env.hostNetns || !isHomeNetns(netns)) return netns;
  netns.close();
  throw new SuiteError(
    'NETNS_IS_HOST',
    `attach ${call.env.containerId}: ${call.env.netns} is the host's own namespace`,
    { hint: 'CNI_NETNS_OVERRIDE=1 means it' },
  );
}
