import t from 'tap';
import {
  decodePacket,
  encodePacket,
  mostPacketBytes,
  PacketReader,
  type ViciInput,
} from '../../../../daemons/overlay/ipsec/vici-codec.ts';

/** What a client of another make sends for `unload-conn { name = conn-192.168.50.12 }`. */
const recorded = Buffer.concat([
  Buffer.from('00000027000b', 'hex'),
  Buffer.from('unload-conn'),
  Buffer.from('0304', 'hex'),
  Buffer.from('name'),
  Buffer.from('0012', 'hex'),
  Buffer.from('conn-192.168.50.12'),
]);

t.test('a command is what others send', async (t) => {
  t.same(encodePacket('request', 'unload-conn', { name: 'conn-192.168.50.12' }), recorded);
  const { type, name, message } = decodePacket(recorded.subarray(4));
  t.same([type, name, { ...message }], ['request', 'unload-conn', { name: 'conn-192.168.50.12' }]);
});

t.test('sections, lists, numbers and truths come back as charon would read them', async (t) => {
  const input: ViciInput = {
    a: { b: { c: 'x', d: ['1', '2'] }, empty: {}, none: [] },
    yes: true,
    no: false,
    count: 7,
    left: undefined,
    bytes: Buffer.from('raw'),
  };
  const { message } = decodePacket(encodePacket('event', 'e', input).subarray(4));
  t.same(JSON.parse(JSON.stringify(message)), {
    a: { b: { c: 'x', d: ['1', '2'] }, empty: {}, none: [] },
    yes: 'yes',
    no: 'no',
    count: '7',
    bytes: 'raw',
  });
});

t.test('a name that comes twice loses neither value, and is never more than a name', async (t) => {
  const twice = Buffer.concat([
    encodePacket('response', '', { same: '1', __proto__2: 'x' }).subarray(4),
    encodePacket('response', '', { same: '2' }).subarray(5),
    encodePacket('response', '', { same: { inside: 'y' } }).subarray(5),
  ]);
  const { message } = decodePacket(twice);
  t.same([message.same, message['same#2'], { ...(message['same#3'] as object) }], ['1', '2', { inside: 'y' }]);
  const named = Buffer.concat([Buffer.of(1, 3, 9), Buffer.from('__proto__'), Buffer.of(0, 1), Buffer.from('z')]);
  t.same(Object.entries(decodePacket(named).message), [['__proto__', 'z']]);
  t.equal(Object.getPrototypeOf({}), Object.prototype);
});

t.test('packets are found wherever the stream is cut', async (t) => {
  const stream = Buffer.concat([recorded, encodePacket('confirm', ''), recorded]);
  for (let size = 1; size <= stream.length; size += 1) {
    const reader = new PacketReader();
    const found: Buffer[] = [];
    for (let at = 0; at < stream.length; at += size) found.push(...reader.push(stream.subarray(at, at + size)));
    t.same(
      found.map((body) => decodePacket(body).type),
      ['request', 'confirm', 'request'],
      `chunks of ${size}`,
    );
  }
});

t.test('what is too much or no VICI is a coded error', async (t) => {
  const reader = new PacketReader();
  t.throws(() => reader.push(Buffer.from('00080001', 'hex')), { code: 'PROTOCOL' }, 'more than 512 KiB');
  t.throws(() => new PacketReader().push(Buffer.alloc(4)), { code: 'PROTOCOL' }, 'no bytes');
  t.throws(() => encodePacket('request', 'x', { a: Buffer.alloc(65_536) }), { code: 'USAGE' });
  t.throws(() => encodePacket('request', 'x'.repeat(256)), { code: 'USAGE' });
  const much = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`k${at}`, 'x'.repeat(65_535)]));
  t.throws(() => encodePacket('request', 'x', much), { code: 'USAGE' }, `more than ${mostPacketBytes} bytes`);
  const wrong = {
    'an unknown type': '09',
    'a name that is cut': '0005616263',
    'a value that is cut': '0103016100ff78',
    'an element of no kind': '010901',
    'a section that does not end': '01010161',
    'an end of nothing': '0102',
    'a list that does not end': '01040161050001',
    'a section in a list': '010401610101620206',
    'bytes behind a packet that holds none': '0500',
    nothing: '',
  };
  for (const [what, hex] of Object.entries(wrong))
    t.throws(() => decodePacket(Buffer.from(hex, 'hex')), { code: 'PROTOCOL' }, what);
  const deep = Buffer.concat([Buffer.of(1), ...Array.from({ length: 100_000 }, () => Buffer.from('010161', 'hex'))]);
  t.throws(() => decodePacket(deep), { code: 'PROTOCOL' }, 'sections without end do not fill the stack');
});
