// The bridge of a network: made once and kept, so every ADD finds it as it should be and writes nothing.
import { readFileSync, writeFileSync } from 'node:fs';
import type { Link, Netlink } from '../../daemons/shared/effects/netlink.ts';
import { hasCode } from '../../daemons/shared/model/errors.ts';
import type { BridgePlan } from './plan.ts';

const forwarding = '/proc/sys/net/ipv4/ip_forward';

/** @throws SuiteError BRIDGE_NOT_A_BRIDGE */
export async function ensureBridge(netlink: Netlink, plan: BridgePlan): Promise<Link> {
  const link = await ensureDevice(netlink, plan);
  if (plan.promisc && !link.promisc) await netlink.setLink(link.index, { promisc: true });
  await netlink.ensureAddress({ index: link.index, address: plan.address, prefix: plan.prefix });
  if (readFileSync(forwarding, 'utf8').trim() === '0') writeFileSync(forwarding, '1');
  return link;
}

async function ensureDevice(netlink: Netlink, plan: BridgePlan): Promise<Link> {
  const options = { up: true, ...(plan.own && { mac: plan.mac, mtu: plan.mtu }) };
  try {
    return (await netlink.ensureBridge(plan.name, options)).link;
  } catch (error) {
    if (!hasCode(error, 'NETLINK_EXISTS')) throw error;
    return (await netlink.ensureBridge(plan.name, options)).link; // another first ADD made it meanwhile
  }
}
