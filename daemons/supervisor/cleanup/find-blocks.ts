// What keeps secret networks closed: XFRM policies, and routing rules for what this host sends into them. They go last, so that
// nothing is sent in the clear in between.
import { openXfrm, type XfrmPolicy } from '../../shared/effects/netlink/xfrm.ts';
import type { KnownRule, Netlink } from '../../shared/effects/netlink.ts';
import { isOwnPolicy, isOwnRule } from '../../shared/model/block.ts';
import { hasCode } from '../../shared/model/errors.ts';

export interface BlockFindings {
  readonly policies: readonly XfrmPolicy[];
  readonly rules: readonly KnownRule[];
}

export async function findBlocks(netlink: Pick<Netlink, 'listRules'>): Promise<BlockFindings> {
  const rules = await netlink.listRules(6).catch(() => []); // a kernel without IPv6 has none
  return { policies: await findPolicies(), rules: rules.filter(isOwnRule) };
}

export function describeBlocks({ policies, rules }: BlockFindings): string[] {
  return [
    ...policies.map(({ direction, blocks }) => {
      return `XFRM policy that ${blocks ? 'blocks' : 'lets pass'} what is in the clear (${direction})`;
    }),
    ...rules.map(({ priority }) => `routing rule ${priority} of a secret network (IPv6)`),
  ];
}

export async function removeBlocks(
  { policies, rules }: BlockFindings,
  netlink: Pick<Netlink, 'dropRule'>,
): Promise<void> {
  const xfrm = openXfrm();
  try {
    for (const policy of policies) await xfrm.dropPolicy(policy);
  } finally {
    xfrm.close();
  }
  for (const rule of rules) await netlink.dropRule(rule);
}

/** What blocks first: without what lets pass it would block more than it should. */
async function findPolicies(): Promise<XfrmPolicy[]> {
  const xfrm = openXfrm();
  try {
    const ours = (await xfrm.policies()).filter(isOwnPolicy);
    return [...ours.filter(({ blocks }) => blocks), ...ours.filter(({ blocks }) => !blocks)];
  } catch (error) {
    if (hasCode(error, 'KERNEL_LACKS')) return [];
    throw error;
  } finally {
    xfrm.close();
  }
}
