// Pure: which block, which address is free.
import { SuiteError } from '../../shared/model/errors.ts';
import { blockAt, type Cidr4, contains, type Ipv4, lastOf, overlaps, renderCidr4 } from '../../shared/model/ipv4.ts';

/** Up to `count` free blocks, lowest first. Throws NO_BLOCK_LEFT if there is none. */
export function freeBlocks(subnet: Cidr4, prefix: number, taken: readonly Cidr4[], count = 1): Cidr4[] {
  const inside = taken.filter((block) => overlaps(subnet, block));
  const sameSize = new Set(inside.filter((block) => block.prefix === prefix).map(({ base }) => base));
  const others = inside.filter((block) => block.prefix !== prefix);
  const free: Cidr4[] = [];
  for (let at = 0; free.length < count; at += 1) {
    const block = blockAt(subnet, prefix, at);
    if (!block) break;
    if (!sameSize.has(block.base) && !others.some((other) => overlaps(other, block))) free.push(block);
  }
  if (free.length > 0) return free;
  throw new SuiteError('NO_BLOCK_LEFT', `claim a /${prefix} of ${renderCidr4(subnet)}: all are taken`, {
    hint: 'remove hosts that are gone (corral host rm), or choose a larger subnet or a longer block',
  });
}

/** Up to `count` free addresses, lowest first, without the subnet's first (gateway) and last one. Throws ADDRESSES_EXHAUSTED. */
export function freeAddresses(subnet: Cidr4, isTaken: (ip: Ipv4) => boolean, count = 1): Ipv4[] {
  const free: Ipv4[] = [];
  const last = lastOf(subnet);
  for (let ip = subnet.base + 2; ip < last && free.length < count; ip += 1) {
    if (!isTaken(ip as Ipv4)) free.push(ip as Ipv4);
  }
  if (free.length > 0) return free;
  throw new SuiteError('ADDRESSES_EXHAUSTED', `claim an address of ${renderCidr4(subnet)}: all are taken`, {
    hint: 'remove containers, or choose a larger subnet',
  });
}

/** An address that a container may have in a flat network: not the network's, the gateway's or the broadcast address. */
export function isClaimable(subnet: Cidr4, ip: Ipv4): boolean {
  return contains(subnet, ip) && ip > subnet.base + 1 && ip < lastOf(subnet);
}
