// The bridge of a network: made once and kept, so every ADD finds it as it should be and writes nothing.
import type { Address, Link, Netlink } from '../../daemons/shared/effects/netlink.ts';
import { hasCode } from '../../daemons/shared/model/errors.ts';
import {
  contains,
  familyOf,
  type Interface,
  networkOf,
  parseIp,
  renderInterface,
} from '../../daemons/shared/model/ip.ts';
import { CniError, cniCodes } from '../shared/errors.ts';
import { kernelIp } from './kernel-ip.ts';
import type { BridgePlan } from './plan.ts';
import { setIfPossible, setOrFail, switchOn } from './set-kernel.ts';

/** @throws SuiteError BRIDGE_NOT_A_BRIDGE, CniError 100 if the bridge has another address that may not be touched. */
export async function ensureBridge(netlink: Netlink, plan: BridgePlan): Promise<Link> {
  const link = await ensureDevice(netlink, plan);
  if (plan.promisc && !link.promisc) await netlink.setLink(link.index, { promisc: true });
  const has = (family: 4 | 6): boolean => plan.addresses.some(({ address }) => familyOf(address) === family);
  if (has(6)) {
    setOrFail(`ipv6/conf/${link.name}/disable_ipv6`, '0');
    if (plan.own) setIfPossible(`ipv6/conf/${link.name}/accept_ra`, '0');
  }
  if (plan.others !== 'keep' && plan.addresses.length > 0) await settleOthers(netlink, link, plan);
  for (const { address, prefix } of plan.addresses) {
    await netlink.ensureAddress({ index: link.index, address: kernelIp(address), prefix });
  }
  if (has(4)) switchOn('ipv4/ip_forward');
  if (has(6)) switchOn('ipv6/conf/all/forwarding');
  return link;
}

async function ensureDevice(netlink: Netlink, plan: BridgePlan): Promise<Link> {
  const exists = plan.own ? undefined : await netlink.getLink(plan.name);
  // Someone else's bridge keeps its MAC; one that is missing is made with a MAC that no port changes.
  const options = { up: true, ...(plan.mac && !exists && { mac: plan.mac }) };
  const ensure = async (): Promise<{ link: Link; wrote: boolean }> => await netlink.ensureBridge(plan.name, options);
  const { link, wrote } = await ensure().catch((error: unknown) => {
    if (!hasCode(error, 'NETLINK_EXISTS')) throw error;
    return ensure(); // another first ADD made it meanwhile
  });
  const isToSet = plan.own || (wrote && !exists);
  if (!isToSet || link.mtu === plan.mtu) return link;
  // Not at creation: only an MTU that was changed afterwards stays when ports come and go.
  await netlink.setLink(link.index, { mtu: plan.mtu });
  return { ...link, mtu: plan.mtu };
}

/**
 * Addresses of a family that the bridge has although the configuration means others: replaced if it says so, else refused,
 * as the reference plugin has it. Of IPv6 a bridge may have several, unless their networks overlap.
 */
async function settleOthers(netlink: Netlink, link: Link, plan: BridgePlan): Promise<void> {
  for (const have of await netlink.listAddresses(link.index)) {
    const want = plan.addresses.find((one) => isRival(one, have));
    if (!want || plan.addresses.some((one) => isSame(one, have))) continue;
    if (plan.others === 'replace') {
      await netlink.dropAddress(have);
      continue;
    }
    throw new CniError(
      cniCodes.failed,
      `${link.name} has the address ${renderKernel(have)}, the configuration means ${renderInterface(want)}`,
      'forceAddress replaces it',
    );
  }
}

function isRival(want: Interface, have: Address): boolean {
  const theirs = interfaceOf(have);
  if (!theirs || familyOf(theirs.address) !== familyOf(want.address)) return false;
  if (familyOf(want.address) === 4) return true;
  const net = ({ address, prefix }: Interface): { base: typeof address; prefix: number } => ({
    base: networkOf(address, prefix),
    prefix,
  });
  return contains(net(want), theirs.address) || contains(net(theirs), want.address);
}

function isSame(want: Interface, have: Address): boolean {
  return kernelIp(want.address) === have.address && want.prefix === have.prefix;
}

function interfaceOf({ address, prefix }: Address): Interface | undefined {
  const ip = typeof address === 'number' ? address : parseIp(address);
  return ip === undefined ? undefined : { address: ip, prefix };
}

function renderKernel(have: Address): string {
  const theirs = interfaceOf(have);
  return theirs ? renderInterface(theirs) : String(have.address);
}
