// Pure: the kernel's settings of a network's bridge, by path below /proc/sys.
import type { WantNetwork } from './want-networks.ts';

/**
 * - rp_filter: a port lock stops foreign MACs, not foreign source addresses; every true source behind a bridge has its route
 *   there, so the strict check costs nothing.
 * - accept_ra: else a container's router advertisement would give the *host* a default route.
 * - proxy_arp, proxy_delay: on a flat network a container asks by ARP for those of other hosts, to which the host has a route;
 *   the bridge answers, at once.
 * Left alone: arp_ignore (a container with a link-local route asks by ARP for the service address, and shall be answered).
 * route_localnet belongs to the rules keeper, which has the guard that it needs.
 */
export function networkSysctls({ bridge, flat, six }: WantNetwork): ReadonlyMap<string, string> {
  return new Map([
    [`net/ipv4/conf/${bridge}/rp_filter`, '1'],
    [`net/ipv6/conf/${bridge}/accept_ra`, '0'],
    ...(six ? ([[`net/ipv6/conf/${bridge}/disable_ipv6`, '0']] as const) : []),
    ...(flat
      ? ([
          [`net/ipv4/conf/${bridge}/proxy_arp`, '1'],
          [`net/ipv4/neigh/${bridge}/proxy_delay`, '0'],
        ] as const)
      : []),
  ]);
}
