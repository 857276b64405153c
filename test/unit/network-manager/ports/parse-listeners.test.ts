import t from 'tap';
import { choosePorts } from '../../../../daemons/network-manager/ports/choose-ports.ts';
import { parseListeners, takenPorts } from '../../../../daemons/network-manager/ports/parse-listeners.ts';
import { claimsOf } from '../../../../daemons/network-manager/ports/port-claims.ts';
import { type Ipv4, parseCidr4, parseIpv4 } from '../../../../daemons/shared/model/ipv4.ts';
import { container } from '../../support/snapshots.ts';

const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
   2: 0A0200C0:1F91 0B0200C0:C350 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0
 garbage
`;
const tcp6 = `  sl  local_address
   0: 00000000000000000000000000000000:1F92 00000000000000000000000000000000:0000 0A 0 0
   1: 00000000000000000000000001000000:1F93 00000000000000000000000000000000:0000 0A 0 0
   2: 0000000000000000FFFF00000A0200C0:1F94 00000000000000000000000000000000:0000 0A 0 0
`;
const udp = `  sl
  10: 3500007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 1 2 0 0
  11: 00000000:1F90 0B0200C0:0035 01 00000000:00000000 00:00000000 00000000   101        0 1 2 0 0
`;
const ip = (text: string): Ipv4 => parseIpv4(text)!;

t.test('who listens', async (t) => {
  t.same(parseListeners(tcp, 'tcp', 4), [
    { protocol: 'tcp', address: ip('127.0.0.1'), port: 8080 },
    { protocol: 'tcp', address: ip('0.0.0.0'), port: 22 },
  ]);
  t.same(parseListeners(tcp6, 'tcp', 6), [
    { protocol: 'tcp', address: ip('0.0.0.0'), port: 8082 },
    { protocol: 'tcp', address: ip('192.0.2.10'), port: 8084 },
  ]);
  t.same(parseListeners(udp, 'udp', 4), [{ protocol: 'udp', address: ip('127.0.0.53'), port: 53 }]);
  t.same(parseListeners('', 'tcp', 4), []);
});

t.test('which published ports they meet', async (t) => {
  const service = ip('169.254.169.250');
  const networks = new Map([
    ['corral', { name: 'corral', hostPorts: true, subnet: parseCidr4('10.42.0.0/16')!, isOpen: true }],
  ]);
  const meets = (port: string, protocol: 'tcp' | 'udp', address: string, number: number): boolean => {
    const { served } = choosePorts(claimsOf(container('a', '10.42.7.9', [port])).claims, networks, service);
    return takenPorts(served, [{ protocol, address: ip(address), port: number }], service).length > 0;
  };
  t.equal(meets('0.0.0.0:53:53/udp', 'udp', '127.0.0.53', 53), true);
  t.equal(meets('192.0.2.1:53:53/udp', 'udp', '127.0.0.53', 53), false);
  t.equal(meets('192.0.2.1:53:53/udp', 'udp', '0.0.0.0', 53), true);
  t.equal(meets('192.0.2.1:53:53/udp', 'udp', '192.0.2.1', 53), true);
  t.equal(meets('0.0.0.0:53:53/udp', 'udp', '169.254.169.250', 53), false, 'DNS itself');
  t.equal(meets('0.0.0.0:53:53/udp', 'tcp', '0.0.0.0', 53), false, 'another protocol');
  t.equal(meets('0.0.0.0:53:53/udp', 'udp', '0.0.0.0', 54), false, 'another port');
});
