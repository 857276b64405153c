// The IPAM plugin on its own, called by someone else's interface plugin: addresses for a container, and nothing in the kernel.
import { renderInterface, renderIp } from '../../daemons/shared/model/ip.ts';
import type { Attached } from '../api.ts';
import { planRoutes, renderRoute } from '../bridge/plan.ts';
import type { Context } from '../context.ts';
import type { Call } from '../shared/call.ts';
import { CniError, cniCodes } from '../shared/errors.ts';
import { parseDns } from '../shared/parse-result.ts';
import type { CniDns, CniResult } from '../shared/result.ts';
import { applicantOf } from './applicant.ts';
import { type IpamConf, networkNameOf, parseIpamConf } from './ipam-conf.ts';
import type { Lease } from './lease.ts';
import type { Given, Pool } from './pool.ts';
import { readPool } from './read-pool.ts';
import { requestedMac } from './requested.ts';
import { readResolvConf } from './resolv-conf.ts';
import { takeAddresses } from './take-addresses.ts';

/** Reserves addresses. A second ADD of the same interface gets the same addresses again. */
export async function ipamAdd(context: Context, call: Call): Promise<Attached> {
  const conf = parseIpamConf(call.conf.raw, call.env.args);
  const pool = readPool(context.paths.blocks, conf);
  const files = context.leaseFiles(conf.network);
  const applicant = applicantOf(call, {
    network: conf.network,
    netnsInode: null,
    bootId: context.bootId,
    now: Date.now(),
    bridge: null,
    hostVeth: null,
  });
  const dns = readResolvConf(call) ?? parseDns(call.conf.raw.dns ?? {}) ?? {};
  const lock = await context.lockAttachment(files, call.env);
  try {
    const mac = requestedMac(call.conf.raw, call.env.args);
    const wish = { requested: conf.requested, mac, previous: files.read(call.env) };
    const hostLocal = () => context.hostLocalFolder(call);
    const taken = await takeAddresses(context.claims, files, pool, applicant, wish, hostLocal);
    const { lease: reserved, given } = taken;
    const result = resultOf(call, conf, pool, given, dns);
    const lease: Lease = { ...reserved, phase: 'done', result };
    files.write(lease);
    return { lease, result };
  } finally {
    lock.release();
  }
}

/** In a network of Corral's the default route comes with the address; of ranges only what the configuration lists. */
function resultOf(call: Call, conf: IpamConf, pool: Pool, given: readonly Given[], dns: CniDns): CniResult {
  const { isDefaultGateway } = call.conf.raw;
  const usual = pool.block && isDefaultGateway !== false && isDefaultGateway !== 'false' ? 'usual' : 'none';
  const ips = given.map((one) => ({
    address: renderInterface(one),
    ...(one.gateway !== undefined && { gateway: renderIp(one.gateway) }),
  }));
  const routes = planRoutes(usual, conf.routes, given).map(renderRoute);
  return { interfaces: [], ips, routes, dns };
}

export async function ipamDel(context: Context, call: Call): Promise<Lease | undefined> {
  const network = networkNameOf(call.conf.raw);
  const files = context.leaseFiles(network);
  const lock = await context.lockForDel(files, call.env);
  try {
    const lease = files.read(call.env);
    await context.release(files, call.env, lease);
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
