// The kernel's part of ADD: the pair, its port on the bridge, and the container's end.
import type { Address, Link, Netlink, Route } from '../../daemons/shared/effects/netlink.ts';
import { inNetns, type Netns } from '../../daemons/shared/effects/netns.ts';
import { SuiteError } from '../../daemons/shared/model/errors.ts';
import { bitsOf, familyOf, lastOf, networkOf } from '../../daemons/shared/model/ip.ts';
import type { Given } from '../ipam/pool.ts';
import { kernelIp } from './kernel-ip.ts';
import type { AttachPlan, RoutePlan } from './plan.ts';
import { setIfPossible, setOrFail } from './set-kernel.ts';

/** One request makes both ends, the container's in its namespace; neither is up yet. */
export async function createPair(
  netlink: Netlink,
  plan: AttachPlan,
  hostVeth: string,
  bridge: Link,
  netns: Netns,
): Promise<void> {
  const near = { name: hostVeth, mac: plan.hostMac, mtu: plan.mtu, master: bridge.index };
  await netlink.createVeth(near, { name: plan.ifname, mac: plan.mac, mtu: plan.mtu, netns });
}

/**
 * Makes the port ready and only then sets it up, so that the container never speaks through an open port: with `locked`
 * only frames from its own MAC enter, and the bridge does not have to ask who has its address.
 */
export async function openPort(netlink: Netlink, plan: AttachPlan, hostVeth: string, bridge: Link): Promise<void> {
  const link = await netlink.getLink(hostVeth);
  if (!link) throw new SuiteError('NETLINK_NO_SUCH_DEVICE', `look up ${hostVeth}: it vanished`);
  const entries = plan.addresses.map(({ address }) => ({
    index: bridge.index,
    address: kernelIp(address),
    mac: plan.mac,
  }));
  // Made in one turn, these travel in one message, in this order.
  await Promise.all([
    netlink.setBridgePort(link.index, {
      hairpin: plan.hairpin,
      learning: !plan.locked,
      locked: plan.locked,
      ...(plan.isolated && { isolated: true }),
    }),
    plan.locked && netlink.ensureFdb({ index: link.index, mac: plan.mac }),
    ...(plan.locked ? entries.map((entry) => netlink.ensureNeighbour(entry)) : []),
    ...plan.hostRoutes.map((one) => netlink.ensureRoute(hostRoute(one, bridge))),
    netlink.setLink(link.index, { alias: plan.alias, up: true }),
  ]);
}

function hostRoute({ address, gateway }: Given, bridge: Link): Route {
  const dst = { base: kernelIp(address), prefix: bitsOf(familyOf(address)) };
  return { dst, index: bridge.index, ...(gateway !== undefined && { src: kernelIp(gateway) }) };
}

/** Addresses, link up, routes; setting it up tells the neighbours who has the addresses now. */
export async function configureContainer(inside: Netlink, plan: AttachPlan, netns: Netns): Promise<void> {
  const link = await inside.getLink(plan.ifname);
  if (!link) throw new SuiteError('NETLINK_NO_SUCH_DEVICE', `look up ${plan.ifname} in the container: it vanished`);
  const hasSix = plan.addresses.some(({ address }) => familyOf(address) === 6);
  if (hasSix) prepareSix(netns, plan);
  const { index } = link;
  await Promise.all([
    inside.setLink(index, { announce: true }),
    ...plan.addresses.map((one) => inside.ensureAddress(addressOf(one, index, plan))),
    inside.setLink(index, { up: true }),
    ...plan.routes.map((route) => inside.ensureRoute(containerRoute(route, index, plan))),
  ]);
}

function addressOf(one: Given, index: number, plan: AttachPlan): Address {
  const { address, prefix } = one;
  if (typeof address === 'bigint') {
    return { index, address: kernelIp(address), prefix, detectDuplicates: plan.detectDuplicates };
  }
  const last = prefix < 31 ? lastOf({ base: networkOf(address, prefix), prefix }) : undefined;
  return { index, address, prefix, ...(typeof last === 'number' && { broadcast: last }) };
}

/** A route on the link speaks from the container's address; the kernel takes a gateway's for the others. */
function containerRoute({ dst, gw, onlink }: RoutePlan, index: number, plan: AttachPlan): Route {
  const range = { base: kernelIp(dst.base), prefix: dst.prefix };
  if (gw !== undefined) return { dst: range, index, onlink, via: kernelIp(gw) };
  const own = plan.addresses.find(({ address }) => familyOf(address) === familyOf(dst.base));
  return { dst: range, index, onlink, ...(own && { src: kernelIp(own.address) }) };
}

/** Before the link has an address: IPv6 is on, and what the kernel has to do about neighbours. */
function prepareSix(netns: Netns, plan: AttachPlan): void {
  inNetns(netns, () => {
    const { ifname } = plan;
    setOrFail(`ipv6/conf/${ifname}/disable_ipv6`, '0');
    for (const [name, value] of Object.entries(sixSettings)) setIfPossible(`ipv6/conf/${ifname}/${name}`, value);
    setIfPossible(`ipv6/conf/${ifname}/accept_dad`, plan.detectDuplicates ? '1' : '0');
  });
}

/** Announce changes, take no other gateway than ours, and keep the addresses while the link is down. */
const sixSettings = { ndisc_notify: '1', accept_ra: '0', keep_addr_on_down: '1' };
