import t from 'tap';
import { parseListeners, takenPorts } from '../../../../daemons/network-manager/ports/parse-listeners.ts';
import { type Ip, parseIp } from '../../../../daemons/shared/model/ip.ts';
import { container } from '../../support/snapshots.ts';
import { tableOf } from './support.ts';

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
const ip = (text: string): Ip => parseIp(text)!;

t.test('who listens', async (t) => {
  t.same(parseListeners(tcp, 'tcp', 4), [
    { protocol: 'tcp', address: ip('127.0.0.1'), port: 8080, socket: '1' },
    { protocol: 'tcp', address: ip('0.0.0.0'), port: 22, socket: '2' },
  ]);
  t.same(parseListeners(tcp6, 'tcp', 6), [
    { protocol: 'tcp', address: ip('::'), port: 8082, socket: '' },
    { protocol: 'tcp', address: ip('::1'), port: 8083, socket: '' },
    { protocol: 'tcp', address: ip('192.0.2.10'), port: 8084, socket: '' },
  ]);
  t.same(parseListeners(udp, 'udp', 4), [{ protocol: 'udp', address: ip('127.0.0.53'), port: 53, socket: '1' }]);
  t.same(parseListeners('', 'tcp', 4), []);
});

t.test('which published ports they meet', async (t) => {
  const service = ip('169.254.169.250');
  const meets = (port: string, protocol: 'tcp' | 'udp', address: string, number: number): boolean => {
    const asking = container('a', '10.42.7.9', [port], { ips: ['10.42.7.9', 'fd42::9'] });
    const { served } = tableOf([asking]);
    return takenPorts(served, [{ protocol, address: ip(address), port: number, socket: '7' }], [service]).length > 0;
  };
  t.equal(meets('0.0.0.0:53:53/udp', 'udp', '127.0.0.53', 53), true);
  t.equal(meets('192.0.2.1:53:53/udp', 'udp', '127.0.0.53', 53), false);
  t.equal(meets('192.0.2.1:53:53/udp', 'udp', '0.0.0.0', 53), true);
  t.equal(meets('192.0.2.1:53:53/udp', 'udp', '192.0.2.1', 53), true);
  t.equal(meets('0.0.0.0:53:53/udp', 'udp', '169.254.169.250', 53), false, 'DNS itself');
  t.equal(meets('0.0.0.0:53:53/udp', 'tcp', '0.0.0.0', 53), false, 'another protocol');
  t.equal(meets('0.0.0.0:53:53/udp', 'udp', '0.0.0.0', 54), false, 'another port');
  t.equal(meets('[::]:53:53/udp', 'udp', '::', 53), true);
  t.equal(meets('[::]:53:53/udp', 'udp', '::1', 53), true);
  t.equal(meets('[::]:53:53/udp', 'udp', '0.0.0.0', 53), false, 'the other family');
  t.equal(meets('192.0.2.1:53:53/udp', 'udp', '::', 53), true, 'who listens on :: takes IPv4 too');
  t.equal(meets('[2001:db8::1]:53:53/udp', 'udp', '2001:db8::1', 53), true);
  t.equal(meets('[2001:db8::1]:53:53/udp', 'udp', '2001:db8::2', 53), false);
});
