// Pure: how large a packet on a network's bridge may be.
import type { Cidr } from '../../shared/model/ip.ts';
import { overheadOf } from '../../shared/model/networks.ts';
import type { WantNetwork } from './want-networks.ts';

/** What a host without a default route gets: Ethernet's. */
export const usualMtu = 1500;
/** IPv6's minimum; a smaller bridge would cut it off. */
const smallestMtu = 1280;

/** A route and a device as far as they tell the uplink. */
export interface UplinkRoute {
  readonly dst: Cidr;
  readonly index: number | undefined;
  readonly metric: number;
  readonly type: string;
}

/** MTU of the device of the best default route; undefined without one. */
export function uplinkMtu(
  routes: Iterable<UplinkRoute>,
  links: Iterable<{ readonly index: number; readonly mtu: number }>,
): number | undefined {
  const mtus = new Map([...links].map((link) => [link.index, link.mtu]));
  let best: { metric: number; mtu: number } | undefined;
  for (const route of routes) {
    if (
      route.dst.prefix !== 0 ||
      typeof route.dst.base !== 'number' ||
      route.type !== 'unicast' ||
      route.index === undefined
    )
      continue;
    const mtu = mtus.get(route.index);
    if (mtu !== undefined && (!best || route.metric < best.metric)) best = { metric: route.metric, mtu };
  }
  return best?.mtu;
}

/** As configured, else the uplink's less what the driver's encapsulation takes. `lo` and its like may offer 65536. */
export function wantMtu(network: Pick<WantNetwork, 'mtu' | 'driver' | 'underlay'>, uplink: number | undefined): number {
  if (network.mtu !== undefined) return network.mtu;
  return Math.min(65_535, Math.max(smallestMtu, (uplink ?? usualMtu) - overheadOf(network.driver, network.underlay)));
}
