// Pure: how large a packet on a network's bridge may be.
import { overheadOf } from '../../shared/model/networks.ts';
import type { WantNetwork } from './want-networks.ts';

/** What a host without a default route gets: Ethernet's. */
const usualMtu = 1500;
/** IPv6's minimum; a smaller bridge would cut it off. */
const smallestMtu = 1280;

/**
 * As configured, else the uplink's less what the driver's encapsulation takes. `lo` and its like may offer 65536.
 *
 * @param uplink bytes; undefined without a default route
 */
export function wantMtu(network: Pick<WantNetwork, 'mtu' | 'driver' | 'underlay'>, uplink: number | undefined): number {
  if (network.mtu !== undefined) return network.mtu;
  return Math.min(65_535, Math.max(smallestMtu, (uplink ?? usualMtu) - overheadOf(network.driver, network.underlay)));
}
