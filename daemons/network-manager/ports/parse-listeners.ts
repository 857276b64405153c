// Pure: reads /proc/net/{tcp,udp}{,6} (Documentation/networking/proc_net_tcp.rst) and finds the published ports on which a
// program of the host listens already.
import { familyOf, type Ip } from '../../shared/model/ip.ts';
import type { Ipv4 } from '../../shared/model/ipv4.ts';
import type { Ipv6 } from '../../shared/model/ipv6.ts';
import { isAny, keyOfPort, type PortClaim } from './port-claims.ts';

export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  /** Who listens on `::` takes IPv4 too. */
  readonly address: Ip;
  readonly port: number;
  /** The socket's number, by which its owner's descriptor tells it. */
  readonly socket: string;
}

export interface TakenPort {
  readonly claim: PortClaim;
  /** Of the listeners there. */
  readonly sockets: readonly string[];
}

/** `sl local_address rem_address st …`: addresses as hexadecimal words in the machine's order, ports in the usual one. */
const line = /^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]{2}) /;
const socketColumn = 9;
const mapped = '0000000000000000FFFF0000';

/** tcp in state LISTEN; udp bound and not connected. */
export function parseListeners(text: string, protocol: 'tcp' | 'udp', family: 4 | 6): Listener[] {
  const waits = protocol === 'tcp' ? '0A' : '07';
  const found: Listener[] = [];
  for (const row of text.split('\n')) {
    const match = line.exec(row);
    if (!match || match[4] !== waits || match[3] !== '0000') continue;
    const address = family === 4 ? wordOf(match[1]!) : ipOf(match[1]!);
    const port = Number.parseInt(match[2]!, 16);
    if (port !== 0) found.push({ protocol, address, port, socket: row.trim().split(/\s+/)[socketColumn] ?? '' });
  }
  return found;
}

/** IPv4 in IPv6's clothes is IPv4. */
function ipOf(hex: string): Ip {
  if (hex.startsWith(mapped)) return wordOf(hex.slice(24));
  const words = hex.match(/.{8}/g)!.map((word) => BigInt(wordOf(word)));
  return words.reduce((value, word) => (value << 32n) | word, 0n) as Ipv6;
}

function wordOf(hex: string): Ipv4 {
  const bytes = hex.match(/../g)!.reverse().join('');
  return Number.parseInt(bytes, 16) as Ipv4;
}

/**
 * Ports whose packets a listener of the host would have got.
 * @param services addresses that no published port reaches
 */
export function takenPorts(
  served: ReadonlyMap<string, PortClaim>,
  listeners: readonly Listener[],
  services: readonly Ip[],
): TakenPort[] {
  const found = new Map<PortClaim, string[]>();
  const note = (claim: PortClaim | undefined, socket: string): void => {
    if (claim) found.set(claim, [...(found.get(claim) ?? []), socket]);
  };
  const onOneAddress = [...served.values()].filter(({ bind }) => !isAny(bind));
  for (const { protocol, port, address, socket } of listeners) {
    if (services.includes(address)) continue;
    const anys = address === 0n ? [0, 0n] : [familyOf(address) === 4 ? 0 : 0n];
    for (const any of anys) note(served.get(keyOfPort(protocol, any as Ip, port)), socket);
    for (const claim of onOneAddress) {
      const covers = address === claim.bind || (isAny(address) && (address === 0n || claim.family === 4));
      if (covers && claim.hostPort === port && claim.protocol === protocol) note(claim, socket);
    }
  }
  return [...found].map(([claim, sockets]) => ({ claim, sockets }));
}
