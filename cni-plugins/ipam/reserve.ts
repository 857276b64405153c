// Reserves addresses: the lease is written and its addresses claimed, all under the network's lock and without any await
// inside it, so that in one process two ADDs never even meet there.
import { join } from 'node:path';
import { type Lock, lockFile } from '../../daemons/shared/effects/locks.ts';
import { SuiteError } from '../../daemons/shared/model/errors.ts';
import { type Ip, parseIp, renderCidr, renderInterface, renderIp } from '../../daemons/shared/model/ip.ts';
import { type Mac, macFor } from '../../daemons/shared/model/mac.ts';
import { emptyResult } from '../shared/result.ts';
import { assignRequested, chooseAddress } from './choose-address.ts';
import { formerAddresses } from './former-addresses.ts';
import { type HostLocalFolder, importHostLocal, takeImported } from './import-host-local.ts';
import { type Lease, leaseIps } from './lease.ts';
import type { LeaseFiles } from './lease-files.ts';
import type { Given, Pool, RangeSet } from './pool.ts';
import type { Requested } from './requested.ts';
import { keptFor } from './reserved-addresses.ts';

/** Waiting polls, and on a busy machine the others come first again and again. */
const lockWaitMs = 20_000;

/** What is known of a lease before its addresses. */
export type Applicant = Omit<Lease, 'version' | 'phase' | 'addresses' | 'mac' | 'result'>;

export interface Wish {
  readonly requested: readonly Requested[];
  readonly mac: Mac | undefined;
  /** What an earlier, unfinished ADD of the same attachment left: its addresses are used again. */
  readonly previous: Lease | undefined;
}

export interface Reserved {
  /** In phase `reserved`. */
  readonly lease: Lease;
  readonly given: readonly Given[];
}

/**
 * Takes the network's lock, chooses one address of each set, and leaves a lease.
 * @param hostLocal asked for at the first reservation of a boot
 * @throws SuiteError ADDRESSES_EXHAUSTED, ADDRESS_TAKEN (naming the owner), CONFIG_INVALID (an address that cannot be), LOCK_TIMEOUT.
 */
export async function reserve(
  files: LeaseFiles,
  pool: Pool,
  applicant: Applicant,
  wish: Wish,
  hostLocal: () => HostLocalFolder,
): Promise<Reserved> {
  return await underLock(files, () => {
    if (files.startBoot(applicant.bootId)) importHostLocal(files, pool.sets, hostLocal());
    const preferred = [
      ...(wish.previous ? leaseIps(wish.previous) : []).flatMap((text) => parseIp(text) ?? []),
      ...takeImported(files, applicant),
      ...formerAddresses(files, applicant),
    ];
    if (wish.previous) files.remove(wish.previous);
    const given = chooseAll(files, pool, wish, preferred, applicant.attachment.name);
    const lease = claimAll(files, applicant, given, wish.mac);
    given.forEach(({ address }, set) => {
      if (wish.requested.length === 0) files.noteLast(address, set);
    });
    return { lease, given };
  });
}

/**
 * The same for addresses that another IPAM plugin has given.
 * @throws SuiteError BUSY if an attachment of ours has one of them.
 */
export async function record(
  files: LeaseFiles,
  applicant: Applicant,
  given: readonly Given[],
  wish: Pick<Wish, 'mac' | 'previous'>,
): Promise<Reserved> {
  return await underLock(files, () => {
    files.startBoot(applicant.bootId);
    if (wish.previous) files.remove(wish.previous);
    return { lease: claimAll(files, applicant, given, wish.mac), given };
  });
}

async function underLock<T>(files: LeaseFiles, work: () => T): Promise<T> {
  files.ensureDirs();
  const lock: Lock = await lockFile(join(files.dir, '.lock'), { waitMs: lockWaitMs });
  try {
    return work();
  } finally {
    lock.release();
  }
}

function claimAll(files: LeaseFiles, applicant: Applicant, given: readonly Given[], mac: Mac | undefined): Lease {
  const lease: Lease = {
    version: 1,
    phase: 'reserved',
    ...applicant,
    addresses: given.map(renderInterface),
    mac: mac ?? macFor(given[0]!.address),
    result: emptyResult,
  };
  files.write(lease);
  for (const ip of leaseIps(lease)) {
    if (files.claim(lease, ip)) continue;
    const owner = files.ownerOf(ip);
    files.remove(lease);
    const who = owner ? `container ${owner.containerId} (${owner.ifname})` : 'another program';
    throw new SuiteError('BUSY', `claim ${ip} in network ${files.network}: ${who} has it`);
  }
  return lease;
}

function chooseAll(files: LeaseFiles, pool: Pool, wish: Wish, preferred: readonly Ip[], name: string): Given[] {
  const assigned = assignRequested(
    pool.sets,
    wish.requested.map(({ address }) => address),
  );
  if (!Array.isArray(assigned)) return refuse(files, pool, assigned.outside, 'outside');
  const claims = files.taken();
  const kept = (ip: Ip): string | undefined => keptFor(pool.block, name, ip);
  const taken = { has: (ip: Ip) => kept(ip) !== undefined || claims.has(ip) };
  return pool.sets.map((set, at) => {
    const requested = assigned[at];
    const answer = chooseAddress({ set, taken, last: files.lastGiven(at), requested, preferred });
    if (!('refused' in answer)) return answer;
    const keeper = requested === undefined ? undefined : kept(requested);
    if (keeper !== undefined)
      throw new SuiteError('ADDRESS_TAKEN', `give an address in network ${pool.network}: ${keeper}`);
    return refuse(files, pool, requested, answer.refused, set);
  });
}

function refuse(files: LeaseFiles, pool: Pool, requested: Ip | undefined, reason: string, set?: RangeSet): never {
  if (requested === undefined) {
    const ranges = set?.ranges.map((range) => renderCidr(range.subnet)).join(', ');
    throw new SuiteError('ADDRESSES_EXHAUSTED', `no free address in ${ranges} of network ${pool.network}`, {
      hint: `leases are in ${files.dir}`,
    });
  }
  const ip = renderIp(requested);
  if (reason === 'taken') {
    const owner = files.ownerOf(ip);
    const who = owner ? `container ${owner.containerId} (${owner.ifname})` : 'an unreadable lease';
    throw new SuiteError('ADDRESS_TAKEN', `give ${ip} in network ${pool.network}: held by ${who}`);
  }
  const wholes = pool.sets.map((one) => one.whole ?? one.ranges[0]!.subnet).map(renderCidr);
  const why =
    reason === 'outside'
      ? `outside ${wholes.join(', ')}, or more than one of a set`
      : 'a network, broadcast or gateway address';
  throw new SuiteError('CONFIG_INVALID', `give ${ip} in network ${pool.network}: ${why}`);
}
