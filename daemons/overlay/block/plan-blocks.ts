// Pure: XFRM policies by which the kernel drops whatever of a secret network is about to leave, or has come, in the clear. They
// are asked after those of charon, and not for packets of the network's bridge and of its tunnel's own device. No chain of a
// firewall is involved: `iptables -F` changes nothing.
//
// How these devices are left out differs. In IPv4 they are exempt (`disable_xfrm`, `disable_policy`), and so they are in IPv6 of what
// comes in to be forwarded. But IPv6 has no `disable_xfrm`: there policies for one device each let pass what leaves by it, just
// before those that block. Two things these cannot do, in IPv6 alone, since the kernel does not look at the device then:
// - Of a packet that a program of the host makes it asks before the device is known. So what the host sends to its own containers
//   may leave by any device, and so may, while there is a tunnel's device, what it sends with its own address in the network;
//   refuse-own.ts stands behind these two.
// - Of a packet for the host itself all devices are one to it, so there is no policy for these; the rules of the guard are.
import { anyRange, type WantPolicy, type XfrmPolicy } from '../../shared/effects/netlink/xfrm-messages.ts';
import type { IpRange } from '../../shared/effects/netlink.ts';
import { blockPriority, isOwnPolicy, passPriority } from '../../shared/model/block.ts';

/** A network that must stay secret, with what its policies for IPv6 depend on. */
export interface Closed {
  readonly subnet: IpRange;
  readonly subnet6: IpRange | undefined;
  /** Index of its bridge; undefined while there is none. */
  readonly bridge: number | undefined;
  /** Indexes of its tunnels' devices. */
  readonly tunnels: readonly number[];
  /** IPv6 ranges whose containers are on this host. */
  readonly own6: readonly IpRange[];
  /** IPv6 addresses of the host inside the network. */
  readonly addresses6: readonly string[];
}

export type BlockStep =
  | { readonly do: 'set'; readonly policy: WantPolicy }
  | { readonly do: 'drop'; readonly policy: XfrmPolicy };

/** In every network namespace. */
const loopback = 1;

export function wantPolicies(networks: readonly Closed[]): WantPolicy[] {
  // One for each selector, since the kernel keeps one; a range that is this host's as a whole is not blocked, but passes.
  const bySelector = new Map<string, WantPolicy>();
  for (const network of networks) {
    const blocks = [network.subnet, ...(network.subnet6 ? [network.subnet6] : [])].flatMap(blocksOf);
    for (const policy of [...blocks, ...passes6(network)]) bySelector.set(selectorOf(policy), policy);
  }
  return [...bySelector.values()];
}

function blocksOf(subnet: IpRange): WantPolicy[] {
  const any = anyRange(subnet.base);
  const how = { device: 0, priority: blockPriority, blocks: true };
  const inward = { source: subnet, destination: any, ...how };
  return [
    { direction: 'out', source: any, destination: subnet, ...how },
    ...(typeof subnet.base === 'number' ? [{ direction: 'in', ...inward } as const] : []),
    { direction: 'fwd', ...inward },
  ];
}

function passes6({ subnet6, bridge, tunnels, own6, addresses6 }: Closed): WantPolicy[] {
  if (!subnet6) return [];
  const source = anyRange(subnet6.base);
  const how = { direction: 'out', device: 0, priority: passPriority, blocks: false } as const;
  const devices = [loopback, ...(bridge === undefined ? [] : [bridge]), ...tunnels];
  const made = tunnels.length > 0 ? addresses6.map((base) => ({ base, prefix: 128 })) : [];
  return [
    ...devices.map((device): WantPolicy => ({ ...how, source, destination: subnet6, device })),
    ...own6.map((destination): WantPolicy => ({ ...how, source, destination })),
    ...made.map((address): WantPolicy => ({ ...how, source: address, destination: subnet6 })),
  ];
}

/** What lets pass comes before what blocks, and goes after it: else the host's own containers would be cut off for a moment. */
export function planPolicies(want: readonly WantPolicy[], have: readonly XfrmPolicy[], complete: boolean): BlockStep[] {
  const ours = have.filter(isOwnPolicy);
  const there = new Set(ours.map(keyOf));
  const wanted = new Set(want.map(selectorOf));
  const missing = want.filter((policy) => !there.has(keyOf(policy)));
  const gone = complete ? ours.filter((policy) => !wanted.has(selectorOf(policy))) : [];
  const passing = (policy: WantPolicy): number => (policy.blocks ? 1 : 0);
  return [
    ...missing.sort((a, b) => passing(a) - passing(b)).map((policy): BlockStep => ({ do: 'set', policy })),
    ...gone.sort((a, b) => passing(b) - passing(a)).map((policy): BlockStep => ({ do: 'drop', policy })),
  ];
}

function selectorOf({ direction, source, destination, device }: WantPolicy): string {
  return JSON.stringify([direction, source.base, source.prefix, destination.base, destination.prefix, device]);
}

function keyOf(policy: WantPolicy): string {
  return `${policy.blocks} ${selectorOf(policy)}`;
}
