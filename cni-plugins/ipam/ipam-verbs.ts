// The IPAM plugin on its own, called by someone else's interface plugin: an address from this host's block, and nothing
// in the kernel.
import { parseInterface4, renderIpv4 } from '../../daemons/shared/model/ipv4.ts';
import type { Attached } from '../api.ts';
import { networkNameOf, parseBridgeConf } from '../bridge/bridge-conf.ts';
import { planRoutes, renderRoute } from '../bridge/plan.ts';
import type { Context } from '../context.ts';
import type { Call } from '../shared/call.ts';
import { CniError, cniCodes } from '../shared/errors.ts';
import type { CniResult } from '../shared/result.ts';
import { applicantOf } from './applicant.ts';
import type { Lease } from './lease.ts';
import { readBlock } from './read-block.ts';
import { requestedAddress, requestedMac } from './requested.ts';
import { reserve } from './reserve.ts';

/** Reserves an address. A second ADD of the same interface gets the same address again. */
export async function ipamAdd(context: Context, call: Call): Promise<Attached> {
  const conf = parseBridgeConf(call.conf.raw, call.env.args);
  const block = readBlock(context.paths.blocks, conf.network);
  const files = context.leaseFiles(conf.network);
  const wish = {
    requested: requestedAddress(call.conf.raw, call.env.args),
    mac: requestedMac(call.conf.raw, call.env.args),
  };
  const applicant = applicantOf(call, {
    network: conf.network,
    netnsInode: null,
    bootId: context.bootId,
    now: Date.now(),
    bridge: null,
    hostVeth: null,
  });
  const lock = await context.lockAttachment(files, call.env);
  try {
    const reserved = await reserve(files, block, applicant, { ...wish, previous: files.read(call.env) });
    const address = reserved.addresses[0]!;
    const gateway = renderIpv4(block.gateway);
    const onLink = parseInterface4(address)!.prefix < 32;
    const routes = planRoutes(conf, block.gateway, onLink).map(renderRoute);
    const result: CniResult = { interfaces: [], ips: [{ address, gateway }], routes, dns: conf.dns };
    const lease: Lease = { ...reserved, phase: 'done', result };
    files.rewrite(lease);
    return { lease, result };
  } finally {
    lock.release();
  }
}

export async function ipamDel(context: Context, call: Call): Promise<Lease | undefined> {
  const network = networkNameOf(call.conf.raw);
  const files = context.leaseFiles(network);
  const lock = await context.lockForDel(files, call.env);
  try {
    const lease = files.read(call.env);
    if (lease) files.remove(lease);
    return lease;
  } finally {
    lock.release();
  }
}

/** The lease exists and holds its addresses. */
export async function ipamCheck(context: Context, call: Call): Promise<void> {
  const network = networkNameOf(call.conf.raw);
  checkLease(context, call, network);
}

/** The lease of an attachment, sure to be finished and to hold its addresses. Throws CNI code 100 saying what is wrong. */
export function checkLease(context: Context, call: Call, network: string): Lease {
  const files = context.leaseFiles(network);
  const lease = files.read(call.env);
  const who = `${call.env.containerId} ${call.env.ifname}`;
  if (!lease) throw new CniError(cniCodes.failed, `no lease of ${who} in network ${network}`, `looked in ${files.dir}`);
  if (lease.phase !== 'done')
    throw new CniError(cniCodes.failed, `the lease of ${who} belongs to an ADD that was not finished`);
  if (!files.holds(lease)) {
    throw new CniError(
      cniCodes.failed,
      `${lease.addresses.join(', ')} is not held by ${who}`,
      `looked in ${files.dir}`,
    );
  }
  return lease;
}
