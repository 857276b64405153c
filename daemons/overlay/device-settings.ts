// Pure: settings of the kernel for a tunnel's device and for the bridge that it serves, by path below /proc/sys.
import type { OverlayNetwork } from './overlay-network.ts';

/**
 * - rp_filter 2: a packet of a block that is not known yet is refused by the unreachable route, any known one is taken, also
 *   while a peer moves between tunnel and direct way; a strict host-wide setting is loosened by it.
 * - send_redirects 0: nobody behind the tunnel can use another next hop.
 * - accept_ra 0, forwarding 1: this device leads to peers alone, whatever the host's defaults are.
 */
export function deviceSysctls(device: string, has6: boolean): ReadonlyMap<string, string> {
  const four = `net/ipv4/conf/${device}`;
  const six = `net/ipv6/conf/${device}`;
  return new Map([
    [`${four}/rp_filter`, '2'],
    [`${four}/send_redirects`, '0'],
    [`${four}/forwarding`, '1'],
    [`${six}/accept_ra`, '0'],
    ...(has6 ? [[`${six}/forwarding`, '1'] as const] : []),
  ]);
}

/** Of the bridge, where containers believe addresses behind peers to be on their own link. */
export function bridgeSysctls(network: OverlayNetwork, proxies: boolean): ReadonlyMap<string, string> {
  return (proxies || !network.flat) && answersForOthers(network) ? proxySysctls(network.bridge) : new Map();
}

/** Containers believe those addresses to be on their own link: the whole subnet of a flat network, or a part of our block. */
function answersForOthers({ flat, peers }: OverlayNetwork): boolean {
  return flat || peers.some(({ ranges }) => ranges.some(({ prefix }) => prefix === 32));
}

/** The kernel answers ARP for what it routes elsewhere; at once, since nobody else will. */
function proxySysctls(bridge: string): ReadonlyMap<string, string> {
  return new Map([
    [`net/ipv4/conf/${bridge}/proxy_arp`, '1'],
    [`net/ipv4/neigh/${bridge}/proxy_delay`, '0'],
    [`net/ipv4/conf/${bridge}/send_redirects`, '0'],
  ]);
}
