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
  const options = { up: true, ...(plan.own && { mac: plan.mac }) };
  const ensure = async (): Promise<Link> => (await netlink.ensureBridge(plan.name, options)).link;
  const link = await ensure().catch((error: unknown) => {
    if (!hasCode(error, 'NETLINK_EXISTS')) throw error;
    return ensure(); // another first ADD made it meanwhile
  });
  if (!plan.own || link.mtu === plan.mtu) return link;
  // Not at creation: only an MTU that was changed afterwards stays when ports come and go.
  await netlink.setLink(link.index, { mtu: plan.mtu });
  return { ...link, mtu: plan.mtu };
}
