import t from 'tap';
import {
  nestedOf,
  Payload,
  readAttributes,
  s32Of,
  textOf,
  u8Of,
  u16beOf,
  u32Of,
} from '../../../../../daemons/shared/effects/netlink/attributes.ts';
import { errnoIn, frame, readMessages } from '../../../../../daemons/shared/effects/netlink/framing.ts';

t.test('values are written as the kernel reads them', async (t) => {
  const bytes = new Payload(Buffer.from('aabbccdd', 'hex'))
    .u8(1, 0x7f)
    .u16be(2, 4789)
    .u32(3, 0x01020304)
    .text(4, 'eth0')
    .bytes(5, Buffer.from('0a5801', 'hex'))
    .finish();
  t.equal(
    bytes.toString('hex'),
    [
      'aabbccdd',
      '050001007f000000',
      '0600020012b50000',
      '0800030004030201',
      '090004006574683000000000',
      '070005000a580100',
    ].join(''),
  );
});

t.test('what is written is read', async (t) => {
  const bytes = new Payload(Buffer.alloc(16))
    .u8(1, 1)
    .u16be(2, 80)
    .u32(3, 0xffffffff)
    .text(4, 'käse')
    .nest(5, (outer) => outer.text(1, 'bridge').nest(2, (inner) => inner.u32(9, 7), Buffer.alloc(8, 0xee)))
    .u8(6, 2)
    .finish();
  const found = readAttributes(bytes, 16);
  t.same([...found.keys()], [1, 2, 3, 4, 5, 6]);
  t.same(
    [u8Of(found, 1), u16beOf(found, 2), u32Of(found, 3), s32Of(found, 3), textOf(found, 4), u8Of(found, 6)],
    [1, 80, 0xffffffff, -1, 'käse', 2],
  );
  const outer = nestedOf(found, 5);
  t.equal(textOf(outer, 1), 'bridge');
  const inner = outer.get(2)!;
  t.equal(inner.subarray(0, 8).toString('hex'), 'ee'.repeat(8));
  t.equal(u32Of(readAttributes(inner, 8), 9), 7);
});

t.test('a long payload grows', async (t) => {
  const payload = new Payload(Buffer.alloc(12));
  for (let n = 1; n <= 2_000; n += 1) payload.nest(n, (inner) => inner.u32(1, n));
  const found = readAttributes(payload.finish(), 12);
  t.equal(found.size, 2_000);
  t.equal(u32Of(nestedOf(found, 1_999), 1), 1_999);
});

t.test('hostile bytes end the reading, without an exception', async (t) => {
  const cases = ['', '04', '00000100', '03000100', 'ff000100aabb', '0500010'];
  for (const text of cases) t.equal(readAttributes(Buffer.from(text, 'hex')).size, 0, text);
  const short = readAttributes(Buffer.from('0500010001000000050002', 'hex'));
  t.same([u8Of(short, 1), u32Of(short, 1), s32Of(short, 1), u16beOf(short, 1)], [1, undefined, undefined, undefined]);
  t.same([u8Of(short, 2), textOf(short, 2), nestedOf(short, 2).size], [undefined, undefined, 0]);
  t.equal(readAttributes(Buffer.alloc(8), 12).size, 0);
});

t.test('messages', async (t) => {
  const bytes = Buffer.concat([frame(16, 5, 7, Buffer.from('abc')), frame(2, 0, 8, Buffer.alloc(4))]);
  t.equal(bytes.length, 40);
  t.match(readMessages(bytes), [
    { type: 16, flags: 5, seq: 7, data: Buffer.from('abc') },
    { type: 2, seq: 8 },
  ]);
  t.equal(readMessages(bytes.subarray(0, 30)).length, 1, 'a cut message is left out');
  t.same(readMessages(Buffer.alloc(64)), [], 'a length of zero would be read for ever');
  t.equal(errnoIn({ type: 2, flags: 0, seq: 1, data: Buffer.from('efffffff', 'hex') }), -17);
  t.equal(errnoIn({ type: 2, flags: 0, seq: 1, data: Buffer.alloc(0) }), 0);
});
