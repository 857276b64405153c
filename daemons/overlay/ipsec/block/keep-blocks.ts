// Keeps the policies of plan-blocks.ts and their exemptions in the kernel.
import type { Xfrm } from '../../../shared/effects/netlink/xfrm.ts';
import { readSysctl } from '../../../shared/effects/sysctl.ts';
import { exemptions } from '../../../shared/model/ipsec.ts';
import { renderRange } from '../../addresses.ts';
import type { GuardedNetwork } from '../../overlay-network.ts';
import { ensureSettings } from '../ensure-settings.ts';
import { type BlockStep, planBlocks, wantBlocks } from './plan-blocks.ts';

export interface BlocksWish {
  readonly guarded: readonly GuardedNetwork[];
  readonly complete: boolean;
}

/** @throws SuiteError NETLINK_*: without them no tunnel is made */
export async function keepBlocks(xfrm: Xfrm, wish: BlocksWish): Promise<string[]> {
  // Exempt first: else the host's own containers would be cut off for a moment.
  const exempted = ensureExempt(wish.guarded.map(({ bridge }) => bridge));
  const steps = await missingBlocks(xfrm, wish);
  for (const step of steps) await (step.do === 'block' ? xfrm.setBlock(step.policy) : xfrm.dropPolicy(step.policy));
  return [...exempted, ...steps.map(describeBlock)];
}

export async function diffBlocks(xfrm: Xfrm, wish: BlocksWish): Promise<string[]> {
  const settings = exemptions(wish.guarded.map(({ bridge }) => bridge)).filter((path) => readSysctl(path) === '0');
  return [...settings.map((path) => `set ${path} to 1`), ...(await missingBlocks(xfrm, wish)).map(describeBlock)];
}

/** A device that is not there yet gets its exemption when it is. */
export function ensureExempt(devices: readonly string[]): string[] {
  return ensureSettings(exemptions(devices).map((path) => [path, '1']));
}

async function missingBlocks(xfrm: Xfrm, { guarded, complete }: BlocksWish): Promise<BlockStep[]> {
  return planBlocks(wantBlocks(guarded), await xfrm.policies(), complete);
}

function describeBlock({ do: what, policy }: BlockStep): string {
  const range = renderRange(policy.direction === 'out' ? policy.destination : policy.source);
  return `${what} ${range} in the clear (${policy.direction})`;
}
