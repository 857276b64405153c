// CHECK: the attachment as it was made, against the lease, prevResult and the kernel.
import { type Link, type Netlink, openNetlink } from '../../daemons/shared/effects/netlink.ts';
import { parseCidr, parseInterface, parseIp } from '../../daemons/shared/model/ip.ts';
import { type Context, openContainer } from '../context.ts';
import { networkNameOf } from '../ipam/ipam-conf.ts';
import { checkLease } from '../ipam/ipam-verbs.ts';
import type { Lease } from '../ipam/lease.ts';
import { type Call, delegateCallOf } from '../shared/call.ts';
import { delegateType, runDelegate } from '../shared/delegate.ts';
import { CniError, cniCodes } from '../shared/errors.ts';
import { type BridgeConf, parseBridgeConf } from './bridge-conf.ts';
import { kernelIp } from './kernel-ip.ts';
import { isOwnLink } from './own-links.ts';

/** @throws CniError 100 naming the first difference. */
export async function bridgeCheck(context: Context, call: Call): Promise<void> {
  const conf = parseBridgeConf(call.conf.raw, call.env.args);
  const lease = checkLease(context, call, networkNameOf(call.conf.raw));
  const type = delegateType(call.conf.raw);
  if (type !== undefined) await runDelegate(type, 'CHECK', delegateCallOf(call));
  checkPrevResult(call, lease);
  await checkHost(context.netlink, lease, conf);
  const netns = openContainer(call);
  try {
    const inside = openNetlink(netns, 'direct');
    try {
      await checkContainer(inside, lease);
    } finally {
      inside.close();
    }
  } finally {
    netns.close();
  }
}

function checkPrevResult(call: Call, lease: Lease): void {
  const previous = call.conf.prevResult;
  if (!previous) return;
  for (const address of lease.addresses) {
    const named = previous.ips.map((ip) => ip.address);
    expect(named.includes(address), `the lease has ${address}, prevResult ${named.join(', ') || 'no address'}`);
  }
  const device = previous.interfaces.find((one) => one.name === lease.ifname && one.sandbox);
  expect(device !== undefined, `prevResult does not name ${lease.ifname}`);
  expect(
    device?.mac === undefined || device.mac === lease.mac,
    `the lease has MAC ${lease.mac}, prevResult ${device?.mac}`,
  );
}

async function checkHost(netlink: Netlink, lease: Lease, conf: BridgeConf): Promise<void> {
  const bridge = await theLink(netlink, lease.bridge ?? '', 'on the host');
  expect(bridge.kind === 'bridge' && bridge.up, `${bridge.name} is not a bridge that is up`);
  const gateways = lease.result.ips.flatMap((ip) => parseIp(ip.gateway ?? '') ?? []).map(kernelIp);
  const owned = (await netlink.listAddresses(bridge.index)).map((address) => address.address);
  const isKept = conf.gateway && conf.configureBridge;
  for (const gateway of gateways) expect(!isKept || owned.includes(gateway), `${bridge.name} lost its address`);
  const port = await theLink(netlink, lease.hostVeth ?? '', 'on the host');
  expect(isOwnLink(port, lease), `${port.name} belongs to something else: alias ${JSON.stringify(port.alias ?? '')}`);
  expect(port.up, `${port.name} is down`);
  expect(port.master === bridge.index, `${port.name} is not a port of ${bridge.name}`);
  expect(!conf.macSpoofCheck || port.port?.locked === true, `${port.name} is not locked against forged MACs`);
}

async function checkContainer(inside: Netlink, lease: Lease): Promise<void> {
  const link = await theLink(inside, lease.ifname, 'in the container');
  expect(link.up, `${link.name} is down in the container`);
  expect(link.mac === lease.mac, `${link.name} has MAC ${link.mac}, the lease ${lease.mac}`);
  const have = await inside.listAddresses(link.index);
  for (const text of lease.addresses) {
    const want = parseInterface(text);
    const found = have.some((one) => want && one.address === kernelIp(want.address) && one.prefix === want.prefix);
    expect(found, `${link.name} lost its address ${text}`);
  }
  const routes = [...(await inside.listRoutes({ family: 4 })), ...(await inside.listRoutes({ family: 6 }))];
  for (const { dst, gw } of lease.result.routes) {
    const want = parseCidr(dst);
    const gateway = parseIp(gw ?? '');
    const via = gateway === undefined ? undefined : kernelIp(gateway);
    const isIt = (route: (typeof routes)[number]): boolean =>
      want !== undefined &&
      route.dst.base === kernelIp(want.base) &&
      route.dst.prefix === want.prefix &&
      route.via === via &&
      route.index === link.index;
    expect(routes.some(isIt), `the container lost its route to ${dst}${gw ? ` via ${gw}` : ''}`);
  }
}

async function theLink(netlink: Netlink, name: string, where: string): Promise<Link> {
  const link = await netlink.getLink(name);
  if (!link) throw new CniError(cniCodes.failed, `CHECK: there is no ${name} ${where}`);
  return link;
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new CniError(cniCodes.failed, `CHECK: ${otherwise}`);
}
