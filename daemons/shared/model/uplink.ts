// Pure: the device by which a host reaches the rest of the world, told by its default routes.
import type { Family } from './ip.ts';

export interface UplinkRoute {
  /** IPv4 is a number here as everywhere; readers of routes differ in what IPv6 is. */
  readonly dst: { readonly base: number | bigint | string; readonly prefix: number };
  /** Of the device; undefined for `unreachable` and the like. */
  readonly index?: number | undefined;
  readonly metric?: number | undefined;
  readonly type?: string | undefined;
}

/**
 * MTU of the device of the best default route of the family in which the host speaks with its peers; of the other family if
 * that has none; undefined without either.
 */
export function uplinkMtu(
  routes: Iterable<UplinkRoute>,
  links: Iterable<{ readonly index: number; readonly mtu: number }>,
  underlay: Family,
): number | undefined {
  const mtus = new Map([...links].map(({ index, mtu }) => [index, mtu]));
  const best: { [family in Family]?: { metric: number; mtu: number } } = {};
  for (const { dst, index, metric = 0, type = 'unicast' } of routes) {
    const mtu = index === undefined ? undefined : mtus.get(index);
    if (dst.prefix !== 0 || type !== 'unicast' || mtu === undefined) continue;
    const family = typeof dst.base === 'number' ? 4 : 6;
    if (metric < (best[family]?.metric ?? Number.POSITIVE_INFINITY)) best[family] = { metric, mtu };
  }
  return (best[underlay] ?? best[underlay === 4 ? 6 : 4])?.mtu;
}
