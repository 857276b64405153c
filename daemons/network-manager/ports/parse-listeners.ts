// Pure: reads /proc/net/{tcp,udp}{,6} (Documentation/networking/proc_net_tcp.rst) and finds the published ports on which a
// program of the host listens already.
import type { Ipv4 } from '../../shared/model/ipv4.ts';
import type { PortClaim } from './port-claims.ts';

export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  /** 0 is any. Listeners on one IPv6 address are of no concern; on any they take IPv4 too. */
  readonly address: Ipv4;
  readonly port: number;
}

/** `sl local_address rem_address st …`: addresses as hexadecimal words in the machine's order, ports in the usual one. */
const line = /^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]{2}) /;
const anyIpv6 = '0'.repeat(32);
const mapped = '0000000000000000FFFF0000';

/** tcp in state LISTEN; udp bound and not connected. */
export function parseListeners(text: string, protocol: 'tcp' | 'udp', family: 4 | 6): Listener[] {
  const waits = protocol === 'tcp' ? '0A' : '07';
  const found: Listener[] = [];
  for (const row of text.split('\n')) {
    const match = line.exec(row);
    if (!match || match[4] !== waits || match[3] !== '0000') continue;
    const address = family === 4 ? wordOf(match[1]!) : ipv4Of(match[1]!);
    const port = Number.parseInt(match[2]!, 16);
    if (address !== undefined && port !== 0) found.push({ protocol, address, port });
  }
  return found;
}

function ipv4Of(hex: string): Ipv4 | undefined {
  if (hex === anyIpv6) return 0 as Ipv4;
  return hex.startsWith(mapped) ? wordOf(hex.slice(24)) : undefined;
}

function wordOf(hex: string): Ipv4 {
  const bytes = hex.match(/../g)!.reverse().join('');
  return Number.parseInt(bytes, 16) as Ipv4;
}

/** Ports whose packets a listener of the host would have got. */
export function takenPorts(
  served: ReadonlyMap<string, PortClaim>,
  listeners: readonly Listener[],
  service: Ipv4,
): PortClaim[] {
  const found = new Set<PortClaim | undefined>();
  const onOneAddress = [...served.values()].filter(({ bind }) => bind !== 0);
  for (const { protocol, port, address } of listeners) {
    if (address === service) continue; // no published port reaches there
    found.add(served.get(`${protocol}/0.0.0.0:${port}`));
    for (const claim of onOneAddress) {
      const meets = claim.hostPort === port && claim.protocol === protocol && (address === 0 || address === claim.bind);
      if (meets) found.add(claim);
    }
  }
  return [...found].filter((claim) => claim !== undefined);
}
