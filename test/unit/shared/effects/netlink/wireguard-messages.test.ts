import t from 'tap';
import {
  getDeviceMessage,
  getFamilyMessage,
  parseDevice,
  parseFamily,
  setDeviceMessage,
  setPeersMessages,
} from '../../../../../daemons/shared/effects/netlink/wireguard-messages.ts';
import { parseCidr4, parseIpv4 } from '../../../../../daemons/shared/model/ipv4.ts';

const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const hexOf = (byte: number): string => Buffer.alloc(32, byte).toString('hex');
const block = parseCidr4('10.42.2.0/24')!;
const hex = (...parts: string[]): string => parts.join('');

t.test('requests, byte by byte', async (t) => {
  t.equal(getDeviceMessage('wg1042').toString('hex'), hex('00010000', '0b000200', '77673130343200', '00'));
  t.equal(getFamilyMessage('wireguard').toString('hex'), hex('03010000', '0e000200', '776972656775617264000000'));
  const device = setDeviceMessage('wg0', { privateKey: Buffer.alloc(32, 7), port: 51_820 });
  t.equal(
    device.toString('hex'),
    hex('01010000', '08000200', '77673000', '24000300', hexOf(7), '06000600', '6cca', '0000'),
  );
});

t.test('a peer with an endpoint and ranges of both families; nested attributes are marked', async (t) => {
  const endpoint = { address: parseIpv4('192.168.50.12')!, port: 51_820 };
  const ranges = [block, { base: 'fd42::', prefix: 64 }];
  const [message] = setPeersMessages('wg0', [
    { publicKey: key(1), endpoint, keepalive: 25, allowed: ranges, replace: true },
  ]);
  const four = hex('1c000080', '06000100', '02000000', '08000200', '0a2a0200', '05000300', '18000000');
  const six = hex('28000080', '06000100', '0a000000', '14000200', 'fd42', '00'.repeat(14), '05000300', '40000000');
  const peer = hex(
    hex('24000100', hexOf(1)),
    hex('08000300', '02000000'),
    hex('14000400', '0200', 'ca6c', 'c0a8320c', '00'.repeat(8)),
    hex('06000500', '1900', '0000'),
    hex('48000980', four, six),
  );
  t.equal(message?.toString('hex'), hex('01010000', '08000200', '77673000', '98000880', '94000080', peer));
  const [gone] = setPeersMessages('wg0', [{ publicKey: key(1), remove: true }]);
  t.equal(
    gone?.toString('hex'),
    hex('01010000', '08000200', '77673000', '34000880', '30000080', '24000100', hexOf(1), '08000300', '01000000'),
  );
  const sixth = setPeersMessages('wg0', [{ publicKey: key(1), endpoint: { address: 'fd50::2', port: 1 } }])[0]!;
  t.match(
    sixth.toString('hex'),
    hex('20000400', '0a00', '0001', '00000000', 'fd50', '00'.repeat(13), '02', '00000000'),
  );
});

t.test('many peers, and many ranges of one, take several messages, each below the limit of 64 KiB', async (t) => {
  const changes = Array.from({ length: 900 }, (_, at) => ({ publicKey: key(at % 251), allowed: [block] }));
  const messages = setPeersMessages('wg0', changes);
  t.ok(messages.length > 1);
  t.ok(messages.every(({ length }) => length < 60_000));
  const many = Array.from(
    { length: 5_000 },
    (_, at) => ({ base: parseIpv4('10.0.0.0')! + at, prefix: 32 }) as typeof block,
  );
  const flat = setPeersMessages('wg0', [{ publicKey: key(1), allowed: many, replace: true }]);
  t.equal(flat.length, 5);
  t.ok(flat.every(({ length }) => length < 60_000));
  const replacing = flat.map((message) => message.includes(Buffer.from('0800030002000000', 'hex')));
  t.same(replacing, [true, false, false, false, false], 'only the first takes away what was there');
  t.same(setPeersMessages('wg0', []), []);
});

t.test('a dump in two messages: a peer whose ranges go on in the second is one peer', async (t) => {
  const range = (address: string): string =>
    hex('1c000080', '06000100', '02000000', '08000200', address, '05000300', '18000000');
  const whole = hex(
    hex('24000100', hexOf(1)),
    hex('14000400', '0200', '1092', 'cb007109', '00'.repeat(8)),
    hex('06000500', '1900', '0000'),
    hex('14000600', '00f1536500000000', '00e1f50500000000'),
    hex('0c000700', '0700000000000000'),
    hex('0c000800', '0900000000000000'),
    hex('20000980', range('0a2a0200')),
  );
  const rest = hex('24000100', hexOf(1), '20000980', range('0a2a0300'));
  const list = (...peers: string[]): string => peers.map((peer) => hex(lengthOf(peer), '0080', peer)).join('');
  const peersOf = (peers: string): string => hex(lengthOf(peers), '0880', peers);
  const first = hex('00010000', '24000400', hexOf(9), '06000600', '6cca', '0000', peersOf(list(whole)));
  const second = hex('00010000', peersOf(list(rest, hex('24000100', hexOf(2)))));
  t.same(parseDevice([Buffer.from(first, 'hex'), Buffer.from(second, 'hex')]), {
    publicKey: key(9),
    port: 51_820,
    peers: [
      {
        publicKey: key(1),
        endpoint: { address: parseIpv4('203.0.113.9')!, port: 4_242 },
        keepalive: 25,
        allowed: [block, parseCidr4('10.42.3.0/24')!],
        lastHandshake: 1_700_000_000_100,
        rxBytes: 7,
        txBytes: 9,
      },
      {
        publicKey: key(2),
        endpoint: undefined,
        keepalive: 0,
        allowed: [],
        lastHandshake: undefined,
        rxBytes: 0,
        txBytes: 0,
      },
    ],
  });
});

t.test('bytes that are cut short or no answer at all do no harm', async (t) => {
  t.same(parseDevice([]), { publicKey: undefined, port: 0, peers: [] });
  const full = Buffer.from(hex('00010000', '24000400', hexOf(9), '0c000880', '08000080', '04000100'), 'hex');
  for (let length = 0; length <= full.length; length += 1) t.ok(parseDevice([full.subarray(0, length)]));
  t.equal(parseFamily(Buffer.from('0102000006000100170000', 'hex')), 0x17);
  t.equal(parseFamily(Buffer.alloc(0)), undefined);
});

/** Little-endian, of the attribute with its header. */
function lengthOf(value: string): string {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value.length / 2 + 4);
  return bytes.toString('hex');
}
