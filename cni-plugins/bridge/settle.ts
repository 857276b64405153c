// What the kernel still does on its own once both ends are up, so that the container is reached when ADD answers.
import { setTimeout as pause } from 'node:timers/promises';
import type { Netlink } from '../../daemons/shared/effects/netlink.ts';
import { SuiteError } from '../../daemons/shared/model/errors.ts';
import type { AttachPlan } from './plan.ts';

/** @throws SuiteError ADDRESS_TAKEN if duplicates are looked for and somebody on the link has an address already; DEADLINE. */
export async function settle(netlink: Netlink, hostVeth: string, inside: Netlink, plan: AttachPlan): Promise<void> {
  await untilPortEnabled(netlink, hostVeth);
  if (plan.detectDuplicates) await untilDetected(inside, plan.ifname);
}

const enabledMs = 1_000;

/**
 * A bridge enables a port when it is told of its carrier, for which the kernel has a work queue; until then it drops what the
 * container sends. After 1 s the port is left to whoever took its carrier or its bridge down.
 */
export async function untilPortEnabled(netlink: Netlink, hostVeth: string): Promise<void> {
  const deadline = performance.now() + enabledMs;
  for (;;) {
    const link = await netlink.getLink(hostVeth);
    if (!link || link.isPortEnabled || performance.now() > deadline) return;
    await pause(1);
  }
}

const detectionMs = 5_000;
const lookMs = 20;

async function untilDetected(inside: Netlink, ifname: string): Promise<void> {
  const index = (await inside.getLink(ifname))?.index;
  if (index === undefined)
    throw new SuiteError('NETLINK_NO_SUCH_DEVICE', `look up ${ifname} in the container: it vanished`);
  const deadline = performance.now() + detectionMs;
  for (;;) {
    const have = await inside.listAddresses(index);
    const duplicate = have.find((one) => one.detection === 'duplicate');
    if (duplicate) {
      throw new SuiteError('ADDRESS_TAKEN', `use ${duplicate.address}: somebody on the link has it already`);
    }
    if (!have.some((one) => one.detection === 'tentative')) return;
    if (performance.now() > deadline) throw new SuiteError('DEADLINE', 'look for duplicates of the IPv6 addresses');
    await pause(lookMs);
  }
}
