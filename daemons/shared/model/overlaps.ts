// Pure: does a network's range collide with what the host already routes, and which range would not.
import { blockAt, type Cidr4, overlaps, parseCidr4, parseIpv4, sizeOf } from './ipv4.ts';

/** A route of the host's main table, as far as an overlap depends on it. */
export interface HostRoute {
  /** Prefix 0 for the default route. */
  readonly dst: Cidr4;
  /** Outgoing device; null for routes without one (unreachable, blackhole). */
  readonly device: string | null;
  /** True for a route that Corral made itself (its protocol number). */
  readonly own: boolean;
}

/**
 * The most specific foreign route that shares addresses with the subnet, undefined if there is none. Routes of Corral and
 * routes through its own devices are no obstacle. Neither are default routes, nor the two halves (0.0.0.0/1, 128.0.0.0/1) by
 * which VPN clients replace one: they say nothing about the addresses inside.
 */
export function findOverlap(
  subnet: Cidr4,
  routes: Iterable<HostRoute>,
  ownDevices: ReadonlySet<string>,
): HostRoute | undefined {
  let found: HostRoute | undefined;
  for (const route of routes) {
    if (route.own || route.dst.prefix <= 1 || (route.device !== null && ownDevices.has(route.device))) continue;
    if (overlaps(subnet, route.dst) && (!found || route.dst.prefix > found.dst.prefix)) found = route;
  }
  return found;
}

/** RFC 1918, in the order in which a range is looked for. */
const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map((text) => parseCidr4(text)!);

/** Defaults of programs that may come to the host tomorrow: k3s, Kubernetes' services, flannel, Docker, libvirt. */
const usualElsewhere = ['10.42.0.0/15', '10.96.0.0/12', '10.244.0.0/16', '172.17.0.0/16', '192.168.122.0/24'].map(
  (text) => parseCidr4(text)!,
);

/** A private range of this prefix length that shares nothing with the taken ones; undefined if there is none left. */
export function proposeSubnet(taken: Iterable<Cidr4>, prefix: number = 16): Cidr4 | undefined {
  const given = [...taken].filter((cidr) => cidr.prefix > 1);
  const polite = [...given, ...usualElsewhere];
  return firstFree(polite, prefix, usualStart) ?? firstFree(polite, prefix, 0) ?? firstFree(given, prefix, 0);
}

/** 10.0.x.x to 10.41.x.x are what routers and clouds hand out; the search begins above. */
const usualStart = parseIpv4('10.42.0.0')!;

function firstFree(taken: readonly Cidr4[], prefix: number, start: number): Cidr4 | undefined {
  for (const range of privateRanges) {
    const size = 2 ** (32 - prefix);
    let index = Math.max(0, Math.ceil((start - range.base) / size));
    for (;;) {
      const candidate = blockAt(range, prefix, index);
      if (!candidate) break;
      const obstacle = taken.find((cidr) => overlaps(cidr, candidate));
      if (!obstacle) return candidate;
      // Past the whole obstacle at once: by steps of a /30 the way through 10.0.0.0/8 would be four million long.
      index += Math.max(1, Math.ceil((obstacle.base + sizeOf(obstacle) - candidate.base) / size));
    }
  }
  return undefined;
}
