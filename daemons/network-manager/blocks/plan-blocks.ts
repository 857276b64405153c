// Pure: when a host needs another block of a network, and when it can do without one. ADD never waits for a block: it is asked
// for while there are still some addresses left.
import type { Ip } from '../../shared/model/ip.ts';
import { type Cidr4, contains, type Ipv4, renderCidr4, sizeOf } from '../../shared/model/ipv4.ts';

export interface NetworkBlocks {
  readonly network: string;
  /** This host's; the first holds the gateway and is never given back. */
  readonly cidrs: readonly Cidr4[];
  readonly leased: readonly Ip[];
}

/** Monotonic milliseconds; keys are `<network>/<cidr>`. */
export interface BlockTimes {
  readonly now: number;
  /** Since when no lease lies in a further block. */
  readonly emptySince: ReadonlyMap<string, number>;
  /** Since when IPAM is not offered a block that is to go. */
  readonly withheldSince: ReadonlyMap<string, number>;
}

export interface BlockWish {
  /** Another block is wanted. */
  readonly ask: boolean;
  /** Not to be offered to IPAM any more. */
  readonly withhold: readonly Cidr4[];
  /** Empty, and long enough withheld for every ADD under way to have ended. */
  readonly giveBack: readonly Cidr4[];
}

/** Used up to here, another block is asked for. */
const fullAt = 0.9;
/** Used no more than this without it, a block may go: else it would be asked for again at once. */
const roomyBelow = 0.7;
export const emptyMs = 3_600_000;
/** Longer than an ADD may take. */
export const drainMs = 40_000;

export function planBlocks({ network, cidrs, leased }: NetworkBlocks, times: BlockTimes): BlockWish {
  const used = (cidr: Cidr4): number => leased.filter((ip) => isIpv4(ip) && contains(cidr, ip)).length;
  const total = cidrs.reduce((sum, cidr) => sum + used(cidr), 0);
  const room = roomOf({ cidrs });
  const withhold: Cidr4[] = [];
  const giveBack: Cidr4[] = [];
  let left = room;
  for (const [at, cidr] of cidrs.entries()) {
    const key = keyOfBlock(network, cidr);
    const since = times.emptySince.get(key);
    const without = left - capacity(cidr, at);
    if (at === 0 || used(cidr) > 0 || since === undefined || times.now - since < emptyMs) continue;
    if (total > roomyBelow * without) continue;
    left = without;
    withhold.push(cidr);
    const withheld = times.withheldSince.get(key);
    if (withheld !== undefined && times.now - withheld >= drainMs) giveBack.push(cidr);
  }
  return { ask: cidrs.length > 0 && total >= fullAt * room, withhold, giveBack };
}

/** How many IPv4 addresses the blocks have to give. */
export function roomOf({ cidrs }: Pick<NetworkBlocks, 'cidrs'>): number {
  return cidrs.reduce((sum, cidr, at) => sum + capacity(cidr, at), 0);
}

/** When each further block was first seen without a lease. */
export function noteEmpty({ network, cidrs, leased }: NetworkBlocks, times: BlockTimes): Map<string, number> {
  const empty = cidrs.slice(1).filter((cidr) => !leased.some((ip) => isIpv4(ip) && contains(cidr, ip)));
  return new Map(
    empty.map((cidr) => {
      const key = keyOfBlock(network, cidr);
      return [key, times.emptySince.get(key) ?? times.now];
    }),
  );
}

export function keyOfBlock(network: string, cidr: Cidr4): string {
  return `${network}/${renderCidr4(cidr)}`;
}

/** Without the network's and the broadcast address, and the gateway in the first. */
function capacity(cidr: Cidr4, at: number): number {
  return Math.max(0, sizeOf(cidr) - (at === 0 ? 3 : 2));
}

export function isIpv4(ip: Ip): ip is Ipv4 {
  return typeof ip === 'number';
}
