// The kernel's part of ADD: the pair, its port on the bridge, and the container's end.
import { writeFileSync } from 'node:fs';
import type { Link, Netlink } from '../../daemons/shared/effects/netlink.ts';
import { inNetns, type Netns } from '../../daemons/shared/effects/netns.ts';
import { SuiteError } from '../../daemons/shared/model/errors.ts';
import { lastOf, networkOf } from '../../daemons/shared/model/ipv4.ts';
import type { AttachPlan } from './plan.ts';

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
  const entry = { index: bridge.index, address: plan.address, mac: plan.mac };
  const hostRoute = { dst: { base: plan.address, prefix: 32 }, index: bridge.index, src: plan.bridge.address };
  // Made in one turn, these travel in one message, in this order.
  await Promise.all([
    netlink.setBridgePort(link.index, { hairpin: plan.hairpin, learning: !plan.locked, locked: plan.locked }),
    plan.locked && netlink.ensureFdb({ index: link.index, mac: plan.mac }),
    plan.locked && netlink.ensureNeighbour(entry),
    plan.hostRoute && netlink.ensureRoute(hostRoute),
    netlink.setLink(link.index, { alias: plan.alias, up: true }),
  ]);
}

/** Address, link up, routes; setting it up with arp_notify tells the neighbours who has the address now. */
export async function configureContainer(inside: Netlink, plan: AttachPlan, netns: Netns): Promise<void> {
  const link = await inside.getLink(plan.ifname);
  if (!link) throw new SuiteError('NETLINK_NO_SUCH_DEVICE', `look up ${plan.ifname} in the container: it vanished`);
  announceChanges(netns, plan.ifname);
  const { index } = link;
  const subnet = { base: networkOf(plan.address, plan.prefix), prefix: plan.prefix };
  const broadcast = plan.prefix < 31 ? { broadcast: lastOf(subnet) } : {};
  await Promise.all([
    inside.ensureAddress({ index, address: plan.address, prefix: plan.prefix, ...broadcast }),
    inside.setLink(index, { up: true }),
    ...plan.routes.map(({ dst, gw, onlink }) =>
      inside.ensureRoute({ dst, index, onlink, ...(gw === undefined ? { src: plan.address } : { via: gw }) }),
    ),
  ]);
}

function announceChanges(netns: Netns, ifname: string): void {
  try {
    inNetns(netns, () => writeFileSync(`/proc/sys/net/ipv4/conf/${ifname}/arp_notify`, '1'));
  } catch (error) {
    // A read-only /proc/sys costs the announcement only: the neighbours then learn when their old entry expires.
    if (!(error instanceof Error && 'syscall' in error)) throw error;
  }
}
