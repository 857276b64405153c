// Where the addresses of an ADD come from: our leases, or another IPAM plugin whose answer becomes a lease.
import { contains, networkOf, parseInterface, parseIp } from '../../daemons/shared/model/ip.ts';
import type { Context } from '../context.ts';
import { type IpamConf, parseIpamConf, type WantedRoute } from '../ipam/ipam-conf.ts';
import type { Lease } from '../ipam/lease.ts';
import type { LeaseFiles } from '../ipam/lease-files.ts';
import type { Given, Pool } from '../ipam/pool.ts';
import { readBlockIfPresent } from '../ipam/read-block.ts';
import { readPool } from '../ipam/read-pool.ts';
import { requestedMac } from '../ipam/requested.ts';
import { type Applicant, type Reserved, record } from '../ipam/reserve.ts';
import { readResolvConf } from '../ipam/resolv-conf.ts';
import { releaseLease, takeAddresses } from '../ipam/take-addresses.ts';
import { type Call, delegateCallOf } from '../shared/call.ts';
import { delegateAdd, delegateType, runDelegate } from '../shared/delegate.ts';
import { CniError, cniCodes } from '../shared/errors.ts';
import type { CniDns, CniResult, CniRoute } from '../shared/result.ts';

export interface Taken extends Reserved {
  readonly routes: readonly WantedRoute[];
  /** Of the IPAM plugin; undefined if it named none. */
  readonly dns: CniDns | undefined;
}

export interface Addressing {
  readonly conf: IpamConf;
  /** The block decides the bridge; undefined for configurations that bring their own ranges. */
  readonly block: Pool['block'];
  take(files: LeaseFiles, applicant: Applicant, previous: Lease | undefined): Promise<Taken>;
  /** Gives back what `take` got. Absence is success. */
  giveBack(files: LeaseFiles, lease: Lease | undefined): Promise<void>;
}

/** @throws SuiteError BLOCK_MISSING, CniError 7. */
export function addressingOf(context: Context, call: Call): Addressing {
  const type = delegateType(call.conf.raw);
  return type === undefined ? ownAddressing(context, call) : delegated(context, call, type);
}

function ownAddressing(context: Context, call: Call): Addressing {
  const conf = parseIpamConf(call.conf.raw, call.env.args);
  const pool = readPool(context.paths.blocks, conf);
  const mac = requestedMac(call.conf.raw, call.env.args);
  return {
    conf,
    block: pool.block,
    async take(files, applicant, previous) {
      const wish = { requested: conf.requested, mac, previous };
      const dns = readResolvConf(call);
      const hostLocal = () => context.hostLocalFolder(call);
      const reserved = await takeAddresses(context.claims, files, pool, applicant, wish, hostLocal);
      return { ...reserved, routes: conf.routes, dns };
    },
    async giveBack(files, lease) {
      if (!lease) return;
      files.remove(lease);
      await releaseLease(context.claims, lease);
    },
  };
}

/** Its ranges and routes are the other plugin's to read; of the configuration only the network and the MAC count here. */
function delegated(context: Context, call: Call, type: string): Addressing {
  const { raw } = call.conf;
  const conf = parseIpamConf({ ...raw, ipam: {}, runtimeConfig: {}, args: {} }, {});
  const mac = requestedMac(raw, call.env.args);
  const theirs = delegateCallOf(call);
  return {
    conf,
    block: readBlockIfPresent(context.paths.blocks, conf.network),
    async take(files, applicant, previous) {
      // What an ADD that was killed got would be refused as a second request of the same container.
      if (previous) await runDelegate(type, 'DEL', theirs);
      const result = await delegateAdd(type, theirs);
      const [given, routes] = [givenIn(result, type), result.routes.map((route) => routeIn(route, type))];
      const reserved = await record(files, { ...applicant, delegatePath: theirs.path }, given, { mac, previous });
      return { ...reserved, routes, dns: Object.keys(result.dns).length > 0 ? result.dns : undefined };
    },
    async giveBack(files, lease) {
      if (lease) files.remove(lease);
      await runDelegate(type, 'DEL', theirs);
    },
  };
}

const maxAddresses = 16;

function givenIn(result: CniResult, type: string): Given[] {
  const given = result.ips.map(({ address: text, gateway: gatewayText }): Given => {
    const parsed = parseInterface(text);
    const gateway = gatewayText === undefined ? undefined : parseIp(gatewayText);
    if (!parsed || (gatewayText !== undefined && gateway === undefined)) return refuse(type, text);
    const { address, prefix } = parsed;
    const isNear = gateway !== undefined && contains({ base: networkOf(address, prefix), prefix }, gateway);
    return { address, prefix, gateway, gatewayPrefix: isNear || typeof address === 'number' ? prefix : 128 };
  });
  if (given.length === 0) throw new CniError(cniCodes.failed, `${type} gave no address`);
  return given.length > maxAddresses ? refuse(type, `${given.length} addresses`) : given;
}

function routeIn(route: CniRoute, type: string): WantedRoute {
  const dst = parseInterface(route.dst);
  const gw = route.gw === undefined ? undefined : parseIp(route.gw);
  if (!dst || (route.gw !== undefined && gw === undefined)) return refuse(type, route.dst);
  return { dst: { base: networkOf(dst.address, dst.prefix), prefix: dst.prefix }, gw };
}

function refuse(type: string, what: string): never {
  throw new CniError(
    cniCodes.failed,
    `${type} gave ${JSON.stringify(what.slice(0, 100))}`,
    'not what a plugin may give',
  );
}
