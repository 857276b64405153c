// GC of the bridge plugin: attachments that are no more, with their links; links and entries of the bridge that belong to no
// lease; then the other IPAM plugin, if there is one.
import type { Link } from '../../daemons/shared/effects/netlink.ts';
import { bitsOf, familyOf, type Ip, parseIp } from '../../daemons/shared/model/ip.ts';
import type { Context } from '../context.ts';
import { attempt, type Sweep, sweepClaims, sweepLeases } from '../ipam/gc.ts';
import { networkNameOf, parseIpamConf } from '../ipam/ipam-conf.ts';
import type { LeaseFiles } from '../ipam/lease-files.ts';
import { accepts, type Pool } from '../ipam/pool.ts';
import { readPool } from '../ipam/read-pool.ts';
import type { NetworkCall } from '../shared/call.ts';
import { delegateType, runDelegate } from '../shared/delegate.ts';
import { isContainerId, isIfname } from '../shared/names.ts';
import { validAttachments } from '../shared/valid-attachments.ts';
import { defaultBridge } from './bridge-conf.ts';
import { kernelIp } from './kernel-ip.ts';
import { aliasPrefix, type LinkOwner } from './names.ts';
import { dropOwnLinks, isOwnLink } from './own-links.ts';

export async function bridgeGc(context: Context, call: NetworkCall): Promise<Sweep> {
  const { raw } = call.conf;
  const sweep: Sweep = { removed: [], failures: [] };
  const files = context.leaseFiles(networkNameOf(raw));
  const valid = validAttachments(raw);
  const type = delegateType(raw);
  await sweepLeases(files, valid, sweep, async (lease) => {
    const lock = await context.lockForDel(files, lease);
    try {
      await dropOwnLinks(context.netlink, lease, lease);
      await context.release(files, lease, lease);
    } finally {
      lock.release();
    }
    return true;
  });
  await attempt(sweep, () => sweepLinks(context, files, sweep));
  await sweepClaims(files, valid, sweep);
  if (type === undefined) await attempt(sweep, () => sweepEntries(context, call, files, sweep));
  else await attempt(sweep, () => runDelegate(type, 'GC', { ...call, env: {} }));
  return sweep;
}

/** Links of this network that no lease names: the lease was lost, and DEL, which might have found them, never came. */
async function sweepLinks(context: Context, files: LeaseFiles, sweep: Sweep): Promise<void> {
  for (const link of await context.netlink.listLinks()) {
    const owner = ownerOf(link, files.network);
    if (!owner || files.read(owner)) continue;
    await attempt(sweep, async () => {
      const lock = await context.lockForDel(files, owner);
      try {
        if (!files.read(owner)) await dropOwnLinks(context.netlink, owner, undefined);
      } finally {
        lock.release();
      }
    });
  }
}

function ownerOf(link: Link, network: string): LinkOwner | undefined {
  const prefix = `${aliasPrefix}${network}:`;
  if (!link.alias?.startsWith(prefix)) return undefined;
  const [containerId, ifname, ...more] = link.alias.slice(prefix.length).split(':');
  if (more.length > 0 || !isContainerId(containerId) || !isIfname(ifname)) return undefined;
  const owner = { network, containerId, ifname };
  return isOwnLink(link, owner) ? owner : undefined;
}

/** Permanent neighbours and own routes of the bridge for addresses that nobody has. Forwarding entries go with their port. */
async function sweepEntries(context: Context, call: NetworkCall, files: LeaseFiles, sweep: Sweep): Promise<void> {
  const { netlink } = context;
  const pool = poolOrNothing(context, call);
  const name = typeof call.conf.raw.bridge === 'string' ? call.conf.raw.bridge : undefined;
  const bridge = await netlink.getLink(name || pool?.block?.bridge || defaultBridge);
  if (!pool || !bridge) return;
  const claimed = files.claimed();
  const isStray = (ip: Ip | undefined): ip is Ip =>
    ip !== undefined && !claimed.has(ip) && pool.sets.some((set) => accepts(set, ip));
  for (const entry of await netlink.listNeighbours(bridge.index)) {
    const ip = typeof entry.address === 'number' ? entry.address : parseIp(entry.address);
    if (entry.permanent && isStray(ip)) await attempt(sweep, () => netlink.dropNeighbour(entry));
  }
  for (const family of [4, 6] as const) {
    for (const { dst, index } of await netlink.listRoutes({ family, ours: true })) {
      const ip = typeof dst.base === 'number' ? dst.base : parseIp(dst.base);
      if (index !== bridge.index || !isStray(ip) || dst.prefix !== bitsOf(familyOf(ip))) continue;
      await attempt(sweep, () => netlink.dropRoute({ dst: { base: kernelIp(ip), prefix: dst.prefix } }));
    }
  }
}

/** GC works for a network whose block is gone; then it cannot tell which entries of the bridge were its. */
function poolOrNothing(context: Context, call: NetworkCall): Pool | undefined {
  try {
    return readPool(context.paths.blocks, parseIpamConf(call.conf.raw, {}));
  } catch {
    return undefined;
  }
}
