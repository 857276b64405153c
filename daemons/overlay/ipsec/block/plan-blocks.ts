// Pure: XFRM policies by which the kernel drops whatever of a secret network is about to leave, or has come, in the clear. They
// are asked after those of charon, and packets of devices that are exempt (the bridge, and the tunnel's own) are not asked for.
// No chain of a firewall is involved: `iptables -F` changes nothing.
import { anyRange, type BlockPolicy, type XfrmPolicy } from '../../../shared/effects/netlink/xfrm-messages.ts';
import { blockPriority } from '../../../shared/model/ipsec.ts';
import type { GuardedNetwork } from '../../overlay-network.ts';

export type BlockStep =
  | { readonly do: 'block'; readonly policy: BlockPolicy }
  | { readonly do: 'unblock'; readonly policy: XfrmPolicy };

/** IPv4: only there a device can be exempt from policies of packets that leave (`disable_xfrm`). */
export function wantBlocks(guarded: readonly GuardedNetwork[]): BlockPolicy[] {
  return guarded.flatMap(({ subnet }) => {
    const any = anyRange(subnet.base);
    const priority = blockPriority;
    return [
      { direction: 'out', source: any, destination: subnet, priority },
      { direction: 'in', source: subnet, destination: any, priority },
      { direction: 'fwd', source: subnet, destination: any, priority },
    ];
  });
}

export function planBlocks(want: readonly BlockPolicy[], have: readonly XfrmPolicy[], complete: boolean): BlockStep[] {
  const ours = new Map(have.filter(isOurs).map((policy) => [keyOf(policy), policy]));
  const wanted = new Set(want.map(keyOf));
  const missing = want.filter((policy) => !ours.has(keyOf(policy)));
  const gone = complete ? [...ours].filter(([key]) => !wanted.has(key)) : [];
  return [
    ...missing.map((policy): BlockStep => ({ do: 'block', policy })),
    ...gone.map(([, policy]): BlockStep => ({ do: 'unblock', policy })),
  ];
}

export function isOurs({ priority, blocks }: XfrmPolicy): boolean {
  return blocks && priority === blockPriority;
}

function keyOf({ direction, source, destination }: BlockPolicy): string {
  return JSON.stringify([direction, source.base, source.prefix, destination.base, destination.prefix]);
}
