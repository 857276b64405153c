// Reserves an address: the lease is written and its address claimed, all under the network's lock and without any await
// inside it, so that in one process two ADDs never even meet there.
import { join } from 'node:path';
import { type Lock, lockFile } from '../../daemons/shared/effects/locks.ts';
import { SuiteError } from '../../daemons/shared/model/errors.ts';
import { type Ipv4, parseInterface4, renderCidr4, renderIpv4 } from '../../daemons/shared/model/ipv4.ts';
import { type Mac, macForAddress } from '../../daemons/shared/model/mac.ts';
import type { BlockFile } from './block-file.ts';
import { chooseAddress } from './choose-address.ts';
import type { Lease } from './lease.ts';
import type { LeaseFiles } from './lease-files.ts';

const lockWaitMs = 5_000;

/** What is known of a lease before its address. */
export type Applicant = Omit<Lease, 'version' | 'phase' | 'addresses' | 'mac' | 'result'>;

export interface Wish {
  readonly requested: Ipv4 | undefined;
  readonly mac: Mac | undefined;
  /** What an earlier, unfinished ADD of the same attachment left: its address is used again. */
  readonly previous: Lease | undefined;
}

/**
 * Takes the network's lock, chooses, and leaves a lease in phase `reserved`.
 * @throws SuiteError ADDRESSES_EXHAUSTED, ADDRESS_TAKEN (naming the owner), CONFIG_INVALID (an address that cannot be), LOCK_TIMEOUT.
 */
export async function reserve(files: LeaseFiles, block: BlockFile, applicant: Applicant, wish: Wish): Promise<Lease> {
  files.ensureDirs();
  const lock: Lock = await lockFile(join(files.dir, '.lock'), { waitMs: lockWaitMs });
  try {
    files.startBoot(applicant.bootId);
    if (wish.previous) files.remove(wish.previous);
    const { address, prefix } = choose(files, block, wish);
    const lease: Lease = {
      version: 1,
      phase: 'reserved',
      ...applicant,
      addresses: [`${renderIpv4(address)}/${prefix}`],
      mac: wish.mac ?? macForAddress(address),
      result: { interfaces: [], ips: [], routes: [], dns: {} },
    };
    files.write(lease);
    if (!files.claim(lease, renderIpv4(address))) {
      files.remove(lease);
      throw new SuiteError('BUSY', `claim ${renderIpv4(address)} in network ${block.network}: another program took it`);
    }
    if (wish.requested === undefined) files.noteLast(address);
    return lease;
  } finally {
    lock.release();
  }
}

function choose(files: LeaseFiles, block: BlockFile, wish: Wish): { address: Ipv4; prefix: number } {
  const preferred = parseInterface4(wish.previous?.addresses[0] ?? '')?.address;
  const answer = chooseAddress({
    ...block,
    taken: files.claimed(),
    last: files.lastGiven(),
    requested: wish.requested,
    preferred,
  });
  return 'refused' in answer ? refuse(files, block, wish, answer.refused) : answer;
}

function refuse(files: LeaseFiles, block: BlockFile, wish: Wish, reason: string): never {
  const cidrs = block.cidrs.map(renderCidr4).join(', ');
  if (reason === 'exhausted') {
    throw new SuiteError('ADDRESSES_EXHAUSTED', `no free address in ${cidrs} of network ${block.network}`, {
      hint: `leases are in ${files.dir}`,
    });
  }
  const ip = renderIpv4(wish.requested ?? block.gateway);
  if (reason === 'taken') {
    const owner = files.ownerOf(ip);
    const who = owner ? `container ${owner.containerId} (${owner.ifname})` : 'an unreadable lease';
    throw new SuiteError('ADDRESS_TAKEN', `give ${ip} in network ${block.network}: held by ${who}`);
  }
  const why = reason === 'outside' ? `outside ${renderCidr4(block.subnet)}` : 'a network, broadcast or gateway address';
  throw new SuiteError('CONFIG_INVALID', `give ${ip} in network ${block.network}: ${why}`);
}
