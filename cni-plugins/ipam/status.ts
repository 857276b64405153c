// STATUS: whether ADD could be served now.
import { existsSync } from 'node:fs';
import { renderCidr } from '../../daemons/shared/model/ip.ts';
import type { Context } from '../context.ts';
import type { NetworkCall } from '../shared/call.ts';
import { CniError, cniCodes } from '../shared/errors.ts';
import { chooseAddress } from './choose-address.ts';
import { parseIpamConf } from './ipam-conf.ts';
import type { Pool } from './pool.ts';
import { readPool } from './read-pool.ts';

/** Throws CNI code 50 if there is no block, or no free address, or the leases cannot be read. */
export async function ipamStatus(context: Context, call: NetworkCall): Promise<Pool> {
  try {
    const conf = parseIpamConf(call.conf.raw, {});
    const pool = readPool(context.paths.blocks, conf);
    const files = context.leaseFiles(conf.network);
    const taken = existsSync(files.dir) ? files.claimed() : new Set<never>();
    const full = pool.sets.find((set) => 'refused' in chooseAddress({ set, taken }));
    if (!full) return pool;
    throw new Error(`no free address in ${full.ranges.map((range) => renderCidr(range.subnet)).join(', ')}`);
  } catch (error) {
    if (error instanceof CniError) throw error; // the configuration itself is wrong
    const text = error instanceof Error ? error.message : String(error);
    throw new CniError(cniCodes.unavailable, `no address can be given: ${text}`);
  }
}
