import t from 'tap';
import { showAnswers } from '../../../daemons/dns/codec.ts';
import { parseType, typeName } from '../../../daemons/dns/dns-codes.ts';
import { encodeReply } from '../../../daemons/dns/encode-reply.ts';
import { makeQuery } from '../../../daemons/dns/query.ts';
import { bareReply, nameRecord } from '../../../daemons/dns/records.ts';
import { parseReverse, reverseZone } from '../../../daemons/dns/reverse.ts';
import { isInside, labelsOf, nameBytes, parentOf, parseName, readName } from '../../../daemons/dns/wire-names.ts';
import { parseCidr, renderCidr } from '../../../daemons/shared/model/ip.ts';

t.test('names go to bytes and come back', async (t) => {
  for (const name of ['', 'a', 'web.stack.rancher.internal', 'a\\.b.c', 'back\\\\slash', '_x._tcp.a', '\xff.b']) {
    const bytes = nameBytes(name)!;
    t.equal(readName(Buffer.concat([Buffer.alloc(12), bytes]), 12)?.name, name, JSON.stringify(name));
  }
  for (const wrong of ['a..b', '.a', 'l'.repeat(64), `${'a.'.repeat(127)}a`, '\u0100'])
    t.equal(nameBytes(wrong), undefined, wrong);
  t.equal(parseName('WEB.Stack.'), 'web.stack');
  t.equal(parseName('a..b'), undefined);
  t.same(labelsOf('a\\.b.c'), ['a.b', 'c']);
});

t.test('parents and zones know an escaped dot', async (t) => {
  t.equal(parentOf('a\\.b.c'), 'c');
  t.equal(parentOf('c'), '');
  t.equal(parentOf(''), undefined);
  t.ok(isInside('zone', 'zone'));
  t.ok(isInside('a.zone', 'zone'));
  t.notOk(isInside('xzone', 'zone'));
  t.notOk(isInside('a\\.zone', 'zone'), 'one label that only looks like a child');
  t.ok(isInside('a\\\\.zone', 'zone'));
});

t.test('pointers lead backwards only', async (t) => {
  const message = Buffer.concat([
    Buffer.alloc(12),
    Buffer.from([1, 0x61, 0]),
    Buffer.from([1, 0x62, 0xc0, 12]),
    Buffer.from([0xc0, 19]),
  ]);
  t.same(readName(message, 15), { name: 'b.a', next: 19 });
  t.equal(readName(message, 19), undefined, 'to itself');
  t.equal(readName(message, 15, false), undefined, 'not in a question');
  const ladder = Buffer.alloc(600);
  for (let at = 16; at < 598; at += 2) ladder.writeUInt16BE(0xc000 | (at - 2), at);
  t.equal(readName(ladder, 596), undefined, 'a long chain of pointers is given up');
});

t.test('reverse names and zones', async (t) => {
  t.equal(renderCidr(parseReverse('7.0.42.10.in-addr.arpa')!), '10.42.0.7/32');
  t.equal(renderCidr(parseReverse('42.10.in-addr.arpa')!), '10.42.0.0/16');
  for (const wrong of [
    'in-addr.arpa',
    '.in-addr.arpa',
    '256.0.0.10.in-addr.arpa',
    '01.0.0.10.in-addr.arpa',
    '1.2.3.4.5.in-addr.arpa',
    '10.0.0.1.ip6.arpa',
    'ip6.arpa',
    'A.ip6.arpa',
    '.ip6.arpa',
    `${'1.'.repeat(33)}ip6.arpa`,
  ]) {
    t.equal(parseReverse(wrong), undefined, wrong);
  }
  const zoneOf = (name: string, subnet: string): string | undefined =>
    reverseZone(parseReverse(name)!, [parseCidr(subnet)!]);
  t.equal(zoneOf('7.0.42.10.in-addr.arpa', '10.42.0.0/16'), '42.10.in-addr.arpa');
  t.equal(zoneOf('7.0.20.172.in-addr.arpa', '172.16.0.0/12'), '20.172.in-addr.arpa');
  t.equal(zoneOf('7.1.1.10.in-addr.arpa', '10.1.1.0/28'), '1.1.10.in-addr.arpa');
  t.equal(zoneOf('10.in-addr.arpa', '10.42.0.0/16'), undefined);
  const six = '7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.4.0.0.0.0.d.f.ip6.arpa';
  t.equal(renderCidr(parseReverse(six)!), 'fd00:42::7/128');
  t.equal(renderCidr(parseReverse('0.0.d.f.ip6.arpa')!), 'fd00::/16');
  t.equal(zoneOf(six, 'fd00:42::/48'), '0.0.0.0.2.4.0.0.0.0.d.f.ip6.arpa');
  t.equal(zoneOf(six, 'fd00:40::/26'), '4.0.0.0.0.d.f.ip6.arpa', 'whole labels');
  t.equal(zoneOf('0.0.d.f.ip6.arpa', 'fd00:42::/48'), undefined);
  t.equal(zoneOf(six, '10.42.0.0/16'), undefined);
});

t.test('types and answers are shown to people', async (t) => {
  t.equal(parseType('aaaa'), 28);
  t.equal(parseType('TYPE65280'), 65_280);
  t.equal(parseType('constructor'), undefined);
  t.equal(parseType('TYPE99999'), undefined);
  t.equal(typeName(999), 'TYPE999');
  const query = makeQuery('a.b', 16)!;
  const raw = (type: number, ...bytes: number[]) => ({
    owner: 'a.b',
    type,
    ttl: 3,
    data: { kind: 'raw', bytes: Uint8Array.from(bytes) } as const,
  });
  const reply = encodeReply(query, {
    ...bareReply(0),
    answers: [
      nameRecord('a.b', 5, 3, 'c.b'),
      raw(16, 2, 0x68, 0x69, 1, 0x22),
      raw(999, 1, 2),
      raw(28, ...Array.from({ length: 16 }, () => 1)),
    ],
  });
  t.same(showAnswers(reply), [
    { name: 'a.b', type: 'CNAME', ttl: 3, data: 'c.b' },
    { name: 'a.b', type: 'TXT', ttl: 3, data: '"hi" "\\""' },
    { name: 'a.b', type: 'TYPE999', ttl: 3, data: '\\# 2 0102' },
    { name: 'a.b', type: 'AAAA', ttl: 3, data: '101:101:101:101:101:101:101:101' },
  ]);
  t.same(showAnswers(reply.subarray(0, 20)), []);
});
