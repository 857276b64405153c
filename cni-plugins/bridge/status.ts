// STATUS of the bridge plugin: its IPAM plugin, and the state of the bridge.
import type { Context } from '../context.ts';
import { networkNameOf } from '../ipam/ipam-conf.ts';
import { ipamStatus } from '../ipam/status.ts';
import type { NetworkCall } from '../shared/call.ts';
import { delegateType, runDelegate } from '../shared/delegate.ts';
import { CniError, cniCodes } from '../shared/errors.ts';
import { parseBridgeConf } from './bridge-conf.ts';
import { bridgeName } from './plan.ts';

/**
 * Throws CNI code 50 if ADD could not be served, 51 if moreover the bridge of containers that are attached is missing or
 * down. A bridge that is missing without any container is no fault: ADD makes it.
 */
export async function bridgeStatus(context: Context, call: NetworkCall): Promise<void> {
  const { raw } = call.conf;
  const conf = parseBridgeConf(raw, {});
  const type = delegateType(raw);
  const pool = type === undefined ? await ipamStatus(context, call) : undefined;
  if (type !== undefined) await runDelegate(type, 'STATUS', { ...call, env: {} });
  const name = bridgeName(conf, pool?.block);
  const link = await context.netlink.getLink(name);
  if (link && link.kind !== 'bridge') {
    throw new CniError(cniCodes.unavailable, `${name} is not a bridge, but ${link.kind ?? 'hardware'}`);
  }
  if (link?.up) return;
  const files = context.leaseFiles(networkNameOf(raw));
  if (files.names().length === 0) return;
  throw new CniError(cniCodes.limited, `${name} is ${link ? 'down' : 'missing'}, and containers are attached to it`);
}
