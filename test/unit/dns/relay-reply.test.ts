import dns2 from 'dns2';
import t from 'tap';
import { rrType } from '../../../daemons/dns/dns-codes.ts';
import { guardQuery } from '../../../daemons/dns/guard.ts';
import { type Query, readQuery, type Transport } from '../../../daemons/dns/query.ts';
import { answersOf, lifetimeOf, readReply } from '../../../daemons/dns/read-reply.ts';
import { type Relayable, relayTo, toRelayable } from '../../../daemons/dns/relay-reply.ts';
import { cacheKey, ReplyCache } from '../../../daemons/dns/reply-cache.ts';
import { FrameCutter, frame } from '../../../daemons/dns/tcp-frames.ts';
import { matchReply, upstreamRequest } from '../../../daemons/dns/upstream-request.ts';
import { type QueryWish, queryBytes, shown } from './support/packets.ts';

const { Packet } = dns2;

function query(name: string, wish: QueryWish = {}, transport: Transport = 'udp'): Query {
  const bytes = queryBytes(name, wish);
  const shape = guardQuery(bytes);
  if (shape.verdict !== 'sound') throw new Error(name);
  return readQuery(bytes, shape, transport);
}

/** A reply as an upstream sends it: an alias, addresses, and an OPT record with an option. */
function upstreamBytes(
  name: string,
  addresses: number,
  change: (packet: InstanceType<typeof Packet>) => void = () => {},
): Buffer {
  const reply = Packet.createResponseFromRequest(Packet.parse(queryBytes(name)));
  reply.header.ra = 1;
  reply.answers.push(new Packet.Resource({ name, type: 5, class: 1, ttl: 30, domain: 'c.up.test' }));
  for (let at = 0; at < addresses; at += 1) {
    reply.answers.push(
      new Packet.Resource({ name: 'c.up.test', type: 1, class: 1, ttl: 100, address: `192.0.2.${at}` }),
    );
  }
  change(reply);
  const bytes = reply.toBuffer();
  bytes.writeUInt16BE(bytes.readUInt16BE(10) + 1, 10);
  return Buffer.concat([bytes, Buffer.from([0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 6, 0, 15, 0, 2, 0, 3])]);
}

const relayable = (bytes: Buffer): Relayable => toRelayable(bytes, readReply(bytes)!);

t.test('each client gets its own id, spelling, RD and OPT', async (t) => {
  const reply = relayable(upstreamBytes('www.up.test', 2));
  const plain = Buffer.from(relayTo(query('WWW.Up.test', { id: 7, rd: 0 }), reply, 0));
  t.equal(plain.readUInt16BE(0), 7);
  t.equal(plain.readUInt16BE(2), 0x8080);
  t.equal(plain.readUInt16BE(10), 0, 'no OPT for a client without EDNS');
  t.ok(plain.includes('WWW'));
  const extended = Buffer.from(relayTo(query('www.up.test', { edns: 1232 }), reply, 0));
  t.equal(extended.readUInt16BE(10), 1);
  t.equal(extended.subarray(-11).toString('hex'), '00002904d0000000000000', 'ours, not the upstream one');
});

t.test('TTLs age, down to nothing, in every section', async (t) => {
  const bytes = upstreamBytes('www.up.test', 1, (packet) => {
    packet.authorities.push(new Packet.Resource({ name: 'up.test', type: 2, class: 1, ttl: 500, ns: 'ns.up.test' }));
  });
  const aged = shown(relayTo(query('www.up.test'), relayable(bytes), 40));
  t.equal(aged, 'NOERROR | www.up.test 0 CNAME c.up.test, c.up.test 60 A 192.0.2.0 | up.test 460 NS ns.up.test');
});

t.test('what does not fit is cut between records, with the code kept', async (t) => {
  const reply = relayable(upstreamBytes('www.up.test', 60));
  for (const [wish, most] of [
    [{}, 512],
    [{ edns: 600 }, 600],
  ] as const) {
    const bytes = relayTo(query('www.up.test', wish), reply, 10);
    t.ok(bytes.length <= most && bytes.length > most - 40, `${bytes.length} of ${most} bytes`);
    t.match(shown(bytes), /^NOERROR tc \| www\.up\.test 20 CNAME c\.up\.test, (c\.up\.test 90 A [\d.]+(, )?)+ \| $/);
  }
  t.match(shown(relayTo(query('www.up.test', { edns: 4096 }), reply, 0)), /^NOERROR \| www/);
  t.match(shown(relayTo(query('www.up.test', {}, 'tcp'), reply, 0)), /^NOERROR \| www/);
});

t.test('answers and lifetimes are read', async (t) => {
  const bytes = upstreamBytes('www.up.test', 2);
  const shape = readReply(bytes)!;
  t.same(
    answersOf(bytes, shape, rrType.A).map((one) => `${one.owner} ${one.type} ${one.ttl}`),
    ['www.up.test 5 30', 'c.up.test 1 100', 'c.up.test 1 100'],
  );
  t.same(
    answersOf(bytes, shape, rrType.MX).map((one) => one.type),
    [5],
    'names inside other data are not taken over',
  );
  t.equal(lifetimeOf(bytes, shape, rrType.A), 30);
  t.equal(lifetimeOf(bytes, shape, rrType.AAAA), 0, 'nothing there and no SOA: not kept');
  const negative = upstreamBytes('nx.up.test', 0, (packet) => {
    packet.answers = [];
    packet.authorities.push(
      new Packet.Resource({
        name: 'up.test',
        type: 6,
        class: 1,
        ttl: 60,
        primary: 'a',
        admin: 'b',
        serial: 1,
        refresh: 1,
        retry: 1,
        expiration: 1,
        minimum: 20,
      }),
    );
  });
  t.equal(lifetimeOf(negative, readReply(negative)!, rrType.A), 20);
});

t.test('a reply counts only for the question and id that were sent', async (t) => {
  const asked = query('www.up.test');
  const bytes = upstreamBytes('www.up.test', 1);
  t.ok(matchReply(asked, 4711, bytes));
  t.ok(matchReply(query('WWW.up.test'), 4711, bytes), 'case apart');
  t.notOk(matchReply(asked, 4712, bytes));
  t.notOk(matchReply(query('other.up.test'), 4711, bytes));
  t.notOk(matchReply(query('www.up.test', { type: 28 }), 4711, bytes));
  t.notOk(matchReply(asked, 4711, queryBytes('www.up.test')), 'a query is no reply');
  for (let cut = 0; cut < bytes.length; cut += 1)
    t.notOk(matchReply(asked, 4711, bytes.subarray(0, cut)), `cut at ${cut}`);
});

t.test('the request upstream: own id, the question as spelled, own OPT without the client options', async (t) => {
  const sent = Buffer.from(upstreamRequest(query('WWW.up.test', { edns: 4096, rd: 0 }), 0xabcd));
  t.equal(sent.readUInt16BE(0), 0xabcd);
  t.equal(sent.readUInt16BE(2), 0);
  t.ok(sent.includes('WWW'));
  t.equal(sent.subarray(-11).toString('hex'), '00002904d0000000000000');
  t.equal(upstreamRequest(query('www.up.test'), 1)[11], 0);
});

t.test('the cache: case apart, DO apart, least used out first, bounded in bytes', async (t) => {
  const key = (name: string, wish: QueryWish = {}, upstreams = ''): string => cacheKey(query(name, wish), upstreams);
  t.equal(key('WWW.up.test'), key('www.UP.test', { id: 9, edns: 512 }));
  t.not(key('www.up.test'), key('www.up.test', { rd: 0 }));
  t.not(key('www.up.test'), key('www.up.test', { type: 28 }));
  t.not(key('www.up.test'), key('www.up.test', {}, '192.0.2.1:53'), 'who asks others may be told otherwise');
  const reply = relayable(upstreamBytes('www.up.test', 1));
  const cache = new ReplyCache({ maxEntries: 3, maxBytes: 10_000, maxPositive: 10, maxNegative: 5, maxStale: 0 });
  for (const key of ['a', 'b', 'c']) cache.set(key, reply, 100, false, 0);
  cache.get('a', 0);
  cache.set('d', reply, 100, true, 0);
  t.same(
    ['a', 'b', 'c', 'd'].map((key) => cache.get(key, 0) !== undefined),
    [true, false, true, true],
  );
  t.equal(cache.get('d', 5_000), undefined, 'negative ones are kept for less');
  t.equal(cache.get('a', 9_999)?.ageSeconds, 9);
  t.equal(cache.get('a', 10_000), undefined);
  cache.set('c', reply, 0, false, 0);
  t.equal(cache.size, 0);
  t.equal(cache.bytes, 0);
  const small = new ReplyCache({ maxEntries: 1_000, maxBytes: 2_000, maxPositive: 10, maxNegative: 5, maxStale: 0 });
  for (let at = 0; at < 100; at += 1) small.set(String(at), reply, 10, false, 0);
  t.ok(small.bytes <= 2_000 && small.size > 0);
});

t.test('a popular reply is worth fetching before its end, an idle one is not', async (t) => {
  const reply = relayable(upstreamBytes('www.up.test', 1));
  const cache = new ReplyCache();
  cache.set('a', reply, 100, false, 0);
  const wearsOut = (now: number): boolean | undefined => cache.get('a', now)?.wearsOut;
  t.same([95_000, 96_000].map(wearsOut), [false, true]);
  cache.set('a', reply, 100, false, 0);
  t.same([1_000, 2_000, 89_999, 90_000].map(wearsOut), [false, false, false, true]);
});

t.test('what is past its end is found after a failure alone, and for an hour', async (t) => {
  const reply = relayable(upstreamBytes('www.up.test', 1));
  const cache = new ReplyCache();
  cache.set('a', reply, 10, false, 0);
  cache.set('no', reply, 10, true, 0);
  t.equal(cache.get('a', 10_000), undefined, 'somebody has to be asked first');
  t.equal(cache.getStale('no', 10_000), undefined, 'what was not there may be there now');
  t.ok(cache.getStale('a', 10_000));
  t.match(cache.get('a', 39_999), { stale: true, wearsOut: false });
  t.equal(cache.get('a', 40_000), undefined, 'then the upstreams are tried again');
  t.equal(cache.getStale('a', 3_610_000), undefined);
  t.equal(cache.get('a', 3_610_000), undefined);
  t.equal(cache.getStale('b', 0), undefined);
  t.equal(cache.size, 1);
  t.equal(cache.get('no', 10_000), undefined);
  t.equal(cache.bytes, 0);
});

t.test('frames are found however the stream is cut', async (t) => {
  const stream = Buffer.concat([frame(Buffer.from('one')), frame(Buffer.alloc(0)), frame(Buffer.from('three'))]);
  for (let size = 1; size <= stream.length; size += 1) {
    const cutter = new FrameCutter();
    const found: string[] = [];
    for (let at = 0; at < stream.length; at += size) {
      found.push(...cutter.push(stream.subarray(at, at + size)).map(String));
    }
    t.same(found, ['one', '', 'three'], `pieces of ${size}`);
  }
});
