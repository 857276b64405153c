// Pure: routing rules by which packets that programs of this host send into a secret network (IPv6) take no route but one to a part
// of it: neither the default route nor any other that is wider than the network. Of these packets XFRM policies know no device, see
// plan-blocks.ts.
import type { IpRange, KnownRule, RouteRule } from '../../shared/effects/netlink.ts';
import { isOwnRule, lookPriority, refusePriority } from '../../shared/model/block.ts';

export type RuleStep = { readonly do: 'add' | 'drop'; readonly rule: RouteRule };

export function wantRefusals(ranges: readonly IpRange[]): RouteRule[] {
  return ranges.flatMap((destination): RouteRule[] => [
    {
      priority: lookPriority,
      destination,
      incoming: 'lo',
      action: { do: 'look', longerThan: destination.prefix - 1 },
    },
    { priority: refusePriority, destination, incoming: 'lo', action: { do: 'refuse' } },
  ]);
}

export function planRefusals(want: readonly RouteRule[], have: readonly KnownRule[], complete: boolean): RuleStep[] {
  const ours = have.filter(isOwnRule);
  const there = new Set(ours.map(keyOf));
  const wanted = new Set(want.map(keyOf));
  const gone = complete ? ours.filter((rule) => !wanted.has(keyOf(rule))) : [];
  return [
    ...want.filter((rule) => !there.has(keyOf(rule))).map((rule): RuleStep => ({ do: 'add', rule })),
    // The one that refuses goes first: alone it would refuse everything.
    ...gone.sort((a, b) => b.priority - a.priority).map((rule): RuleStep => ({ do: 'drop', rule })),
  ];
}

function keyOf({ priority, destination, incoming, action }: RouteRule): string {
  return JSON.stringify([priority, destination.base, destination.prefix, incoming, action]);
}
