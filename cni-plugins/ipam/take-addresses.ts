// Reserves addresses from wherever the network keeps them: this host's files decide. In a flat network, and for an address
// outside the host's own blocks, the whole cluster does first; what it gave is then asked for like one that a caller named.
import { hasCode } from '../../daemons/shared/model/errors.ts';
import { contains, familyOf, type Ip, parseIp, renderIp } from '../../daemons/shared/model/ip.ts';
import { attachmentKey } from '../shared/names.ts';
import type { AddressClaims } from './address-claims.ts';
import type { BlockFile } from './block-file.ts';
import { formerAddresses } from './former-addresses.ts';
import type { HostLocalFolder } from './import-host-local.ts';
import { type Lease, leaseIps } from './lease.ts';
import type { LeaseFiles, Owner } from './lease-files.ts';
import type { Pool } from './pool.ts';
import { type Applicant, type Reserved, reserve, type Wish } from './reserve.ts';
import { declaredFor, heldForOthers } from './reserved-addresses.ts';

const attempts = 4;
const maxExclude = 4_096;

/** @throws what `reserve` and `AddressClaims.claim` throw. */
export async function takeAddresses(
  claims: AddressClaims,
  files: LeaseFiles,
  pool: Pool,
  applicant: Applicant,
  asked: Wish,
  hostLocal: () => HostLocalFolder,
): Promise<Reserved> {
  const { name } = applicant.attachment;
  const requested = asked.requested.length > 0 ? asked.requested : declaredFor(pool.block, name);
  const wish = { ...asked, requested };
  const named = requested.find(({ address }) => familyOf(address) === 4)?.address;
  if (!isClaimed(pool.block, named)) return await reserve(files, pool, applicant, wish, hostLocal);

  const claimed = { ...applicant, claimed: true as const };
  const exclude = heldForOthers(pool.block, name).filter((address) => familyOf(address) === 4);
  for (let left = attempts; ; left -= 1) {
    const address = await claimOne(claims, files, claimed, named, exclude.slice(-maxExclude));
    const others = requested.filter((one) => familyOf(one.address) !== 4);
    const exact = { ...wish, requested: [{ address, prefix: undefined }, ...others] };
    try {
      return await reserve(files, pool, claimed, exact, hostLocal);
    } catch (error) {
      // Someone on this host has it without a claim, such as a container that host-local attached.
      const isOthers = hasCode(error, 'ADDRESS_TAKEN', 'BUSY') && named === undefined && left > 1;
      await releaseClaims(claims, claimed, [address]);
      if (!isOthers) throw error;
      exclude.push(address);
    }
  }
}

/** In its own blocks the host alone gives addresses, anywhere else in the network every host may. */
function isClaimed(block: BlockFile | undefined, named: Ip | undefined): boolean {
  if (!block || block.flat) return block !== undefined;
  if (named === undefined || block.cidrs.some((cidr) => contains(cidr, named))) return false;
  return contains(block.subnet, named);
}

/** The address named; else what the attachment had before, if it is free; else any. */
async function claimOne(
  claims: AddressClaims,
  files: LeaseFiles,
  applicant: Applicant,
  named: Ip | undefined,
  exclude: readonly Ip[],
): Promise<Ip> {
  const { network } = applicant;
  const wish = { network, owner: attachmentKey(applicant.containerId, applicant.ifname), exclude };
  const former = formerAddresses(files, applicant).find((ip) => familyOf(ip) === 4 && !exclude.includes(ip));
  if (named === undefined && former !== undefined) {
    try {
      return await claims.claim({ ...wish, ip: former });
    } catch (error) {
      if (!hasCode(error, 'ADDRESS_TAKEN', 'USAGE')) throw error;
    }
  }
  return await claims.claim({ ...wish, ip: named });
}

/** Gives back what an attachment had claimed; what cannot be given back now, metadata sweeps. */
export async function releaseLease(claims: AddressClaims, lease: Lease | undefined): Promise<void> {
  if (lease?.claimed)
    await releaseClaims(
      claims,
      lease,
      leaseIps(lease).flatMap((text) => parseIp(text) ?? []),
    );
}

async function releaseClaims(
  claims: AddressClaims,
  holder: Owner & { readonly network: string },
  addresses: readonly Ip[],
): Promise<void> {
  const owner = attachmentKey(holder.containerId, holder.ifname);
  const four = addresses.filter((address) => familyOf(address) === 4);
  await Promise.allSettled(four.map((ip) => claims.release({ network: holder.network, owner, ip: renderIp(ip) })));
}
