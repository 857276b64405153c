// Pure: /proc/net/tcp and /proc/net/udp: who listens where, sockets of the kernel's own tunnels included.
import { parseIpv4 } from '../../shared/model/ipv4.ts';

/** States of proc_net_tcp(5): a listening TCP socket, and a UDP socket that is not connected. */
const listening = { tcp: '0A', udp: '07' } as const;

/** @param address where it must listen, every address counting too; null: on any address */
export function isListening(table: string, protocol: 'tcp' | 'udp', address: string | null, port: number): boolean {
  const wanted = address === null ? undefined : hexOf(address);
  return table.split('\n').some((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    const [at, number = ''] = local.split(':');
    if (state !== listening[protocol] || Number.parseInt(number, 16) !== port) return false;
    return wanted === undefined || at === wanted || at === '00000000';
  });
}

/** In the order of bytes of the machines that Corral runs on: the last part first. */
function hexOf(address: string): string | undefined {
  const value = parseIpv4(address);
  if (value === undefined) return undefined;
  return [0, 8, 16, 24].map((shift) => ((value >>> shift) & 255).toString(16).padStart(2, '0').toUpperCase()).join('');
}
