// Puts a container's link back on its bridge, as ADD had it.
import { openPort } from '../../../cni-plugins/bridge/connect.ts';
import type { Netlink } from '../../shared/effects/netlink.ts';
import { hasCode } from '../../shared/model/errors.ts';
import type { WantPort } from './want-ports.ts';

/** A link that went meanwhile (the container ended) is success. */
export async function connectPort(
  netlink: Netlink,
  { device, plan }: Pick<WantPort, 'device' | 'plan'>,
): Promise<void> {
  const bridge = await netlink.getLink(plan.bridge.name);
  if (!bridge) return; // its own step failed, and is reported
  try {
    // Down until the port is locked again: the container never speaks through an open one.
    await netlink.setLink(device, { up: false });
    await netlink.setLink(device, { master: bridge.index });
    await openPort(netlink, plan, device, bridge);
  } catch (error) {
    if (!hasCode(error, 'NETLINK_NO_SUCH_DEVICE')) throw error;
  }
}
