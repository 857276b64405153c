import t from 'tap';
import { rcode } from '../../../daemons/dns/dns-codes.ts';
import { guardQuery } from '../../../daemons/dns/guard.ts';
import { readReply } from '../../../daemons/dns/read-reply.ts';
import { queryBytes } from './support/packets.ts';

const good = queryBytes('web.stack.rancher.internal');
const withOpt = queryBytes('web.stack.rancher.internal', { edns: 1232 });
const header = (counts: readonly number[], flags = 0x0100): Buffer => {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16BE(0x1234, 0);
  bytes.writeUInt16BE(flags, 2);
  counts.forEach((count, at) => {
    bytes.writeUInt16BE(count, 4 + at * 2);
  });
  return bytes;
};
const question = (...name: readonly number[]): Buffer => Buffer.from([...name, 0, 1, 0, 1]);
const patched = (bytes: Buffer, at: number, ...values: readonly number[]): Buffer => {
  const copy = Buffer.from(bytes);
  copy.set(values, at);
  return copy;
};
const one = [1, 0, 0, 0];
const opt = (size = 1232, ...data: readonly number[]): number[] => [
  0,
  0,
  41,
  size >> 8,
  size & 255,
  0,
  0,
  0,
  0,
  0,
  data.length,
  ...data,
];

t.test('a sound query is told apart with its name in lower case', async (t) => {
  t.match(guardQuery(queryBytes('WEB.Stack')), { verdict: 'sound', name: 'web.stack', opt: undefined });
  t.match(guardQuery(withOpt), { verdict: 'sound', opt: withOpt.length - 10 });
  t.match(guardQuery(Buffer.concat([header(one), question(0)])), { verdict: 'sound', name: '' });
  const escaped = Buffer.concat([header(one), question(3, 0x61, 0x2e, 0x62, 1, 0x5c, 0)]);
  t.match(guardQuery(escaped), { name: 'a\\.b.\\\\' });
});

t.test('malformed packets', async (t) => {
  const label63 = [63, ...Array.from({ length: 63 }, () => 0x61)];
  const name255 = [...label63, ...label63, ...label63, 61, ...Array.from({ length: 61 }, () => 0x61), 0];
  const name256 = [...label63, ...label63, ...label63, 62, ...Array.from({ length: 62 }, () => 0x61), 0];
  const drop = undefined;
  const cases: [string, Buffer, number | undefined | 'sound'][] = [
    ...Array.from({ length: 12 }, (_, n): [string, Buffer, undefined] => [`${n} bytes`, good.subarray(0, n), drop]),
    ['a reply', patched(good, 2, 0x81), drop],
    ['header only', header(one), rcode.FORMERR],
    ['zero questions', header([0, 0, 0, 0]), rcode.FORMERR],
    ['two questions', patched(good, 4, 0, 2), rcode.FORMERR],
    ['65535 questions', patched(good, 4, 255, 255), rcode.FORMERR],
    ['answers in a query', patched(good, 6, 0, 1), rcode.FORMERR],
    ['authority in a query', patched(good, 8, 0, 1), rcode.FORMERR],
    ['additional that is not there', patched(good, 10, 0, 1), rcode.FORMERR],
    ['65535 additional', patched(good, 10, 255, 255), rcode.FORMERR],
    ['TC set', patched(good, 2, 0x03), rcode.FORMERR],
    ['opcode STATUS', patched(good, 2, 0x11), rcode.NOTIMP],
    ['opcode UPDATE', patched(good, 2, 0x29), rcode.NOTIMP],
    ['pointer to itself', Buffer.concat([header(one), question(0xc0, 12)]), rcode.FORMERR],
    ['pointer forward', Buffer.concat([header(one), question(0xc0, 14, 0)]), rcode.FORMERR],
    ['pointer into the header', Buffer.concat([header(one), question(0xc0, 0)]), rcode.FORMERR],
    ['label type 01', Buffer.concat([header(one), question(0x41, 0)]), rcode.FORMERR],
    ['label type 10', Buffer.concat([header(one), question(0x81, 0)]), rcode.FORMERR],
    ['a label beyond the end', Buffer.concat([header(one), Buffer.from([40, 1, 2])]), rcode.FORMERR],
    ['no type and class', Buffer.concat([header(one), Buffer.from([1, 0x61, 0, 0, 1])]), rcode.FORMERR],
    ['name of 255 bytes', Buffer.concat([header(one), question(...name255)]), 'sound'],
    ['name of 256 bytes', Buffer.concat([header(one), question(...name256)]), rcode.FORMERR],
    ['trailing bytes', Buffer.concat([good, Buffer.from([0])]), rcode.FORMERR],
    ['two OPTs', Buffer.concat([patched(good, 11, 2), Buffer.from([...opt(), ...opt()])]), rcode.FORMERR],
    ['OPT with a name', Buffer.concat([patched(good, 11, 1), Buffer.from([1, 0x61, ...opt()])]), rcode.FORMERR],
    ['OPT cut short', withOpt.subarray(0, -1), rcode.FORMERR],
    [
      'option beyond the OPT',
      Buffer.concat([patched(good, 11, 1), Buffer.from(opt(512, 0, 10, 0, 9, 1))]),
      rcode.FORMERR,
    ],
    ['unknown option', Buffer.concat([patched(good, 11, 1), Buffer.from(opt(512, 255, 250, 0, 1, 1))]), 'sound'],
    ['AD, CD and Z', patched(good, 2, 0x01, 0x70), 'sound'],
    ['4097 bytes', Buffer.concat([good, Buffer.alloc(4097 - good.length)]), rcode.FORMERR],
  ];
  for (const [what, bytes, want] of cases) {
    const found = guardQuery(bytes);
    const seen = found.verdict === 'refuse' ? found.rcode : found.verdict === 'sound' ? 'sound' : undefined;
    t.equal(seen, want, what);
  }
});

/** A small generator with a seed (mulberry32), so that a find can be repeated. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

t.test('20,000 damaged packets throw nothing, as queries and as replies', async (t) => {
  const random = seeded(20_261);
  const verdicts = new Map<string, number>();
  for (let round = 0; round < 20_000; round += 1) {
    const base = Buffer.from(random() < 0.5 ? good : withOpt);
    const changes = 1 + Math.floor(random() * 6);
    for (let change = 0; change < changes; change += 1)
      base[Math.floor(random() * base.length)] = Math.floor(random() * 256);
    const cut = random() < 0.2 ? base.subarray(0, Math.floor(random() * base.length)) : base;
    const { verdict } = guardQuery(cut);
    verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    readReply(cut);
  }
  t.ok(
    ['sound', 'refuse', 'drop'].every((verdict) => (verdicts.get(verdict) ?? 0) > 100),
    JSON.stringify([...verdicts]),
  );
});
