import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t from 'tap';
import type { HotEntry } from '../../../../daemons/dns/hot/hot-cache.ts';
import { HotThread } from '../../../../daemons/dns/hot/hot-thread.ts';
import { headWords, type Misses, word } from '../../../../daemons/dns/hot/protocol.ts';
import { openUdpSocket } from '../../../../daemons/shared/effects/libc-udp.ts';
import { type Ipv4, parseCidr4, parseIpv4 } from '../../../../daemons/shared/model/ipv4.ts';
import { noCallers } from '../../../../daemons/shared/model/local-callers.ts';
import { type TestScope, until } from '../../../netns/support/namespaces.ts';
import { queryBytes } from '../support/packets.ts';

const loopback = parseIpv4('127.0.0.1')!;
let nextPort = 20_000 + (process.pid % 20_000);

async function setUp(t: TestScope) {
  const port = nextPort++;
  const fd = openUdpSocket({ address: loopback, port, shared: false, timeoutMs: 50, bufferBytes: 1 << 20 });
  const deaths: string[] = [];
  const misses: Buffer[] = [];
  const thread = new HotThread({
    fd,
    maxBytes: 1 << 20,
    introduce: () => [{ kind: 'callers', rules: noCallers, allowFrom: [parseCidr4('127.0.0.0/8')!] }],
    onUnsent: () => undefined,
    onDeath: (error) => deaths.push(error.message),
    takeMisses: ({ heads, bytes }: Misses, from) => {
      for (let at = 0; at < heads.length; at += headWords) {
        const [offset = 0, length = 0, address = 0, sender = 0] = heads.subarray(at, at + headWords);
        const reply = Buffer.from(bytes.subarray(offset, offset + length));
        misses.push(Buffer.from(reply));
        reply[2] = 0x84;
        from.reply(reply, (address >>> 0) as Ipv4, sender);
      }
      from.flush();
    },
  });
  t.teardown(() => thread.close());
  const client = createSocket('udp4');
  client.bind(0, '127.0.0.1');
  await once(client, 'listening');
  t.teardown(() => void client.close());
  const replies: Buffer[] = [];
  client.on('message', (reply) => replies.push(reply));
  const send = (bytes: Uint8Array): void => client.send(bytes, port, '127.0.0.1');
  const ask = async (bytes: Uint8Array): Promise<Buffer> => {
    const before = replies.length;
    send(bytes);
    return until(5_000, 'a reply', () => replies[before]);
  };
  return { port, thread, deaths, misses, replies, send, ask };
}

function entryFor(name: string, fields: Partial<HotEntry> = {}): HotEntry {
  const record = (last: number) => [0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 10, 0, 0, last];
  return {
    question: queryBytes(name).subarray(12),
    flags: 0x8580,
    counts: Uint8Array.of(0, 2, 0, 0, 0, 0),
    tails: [Uint8Array.from([...record(1), ...record(2)]), Uint8Array.from([...record(2), ...record(1)])],
    ttls: [],
    view: 0,
    variant: 1,
    shared: true,
    marks: [name],
    seconds: Number.POSITIVE_INFINITY,
    label: 3,
    ...fields,
  };
}

t.test(
  'what is kept is answered without the main thread, in the letters and with the id of the question',
  async (t) => {
    const { thread, ask, misses } = await setUp(t);
    thread.keep([entryFor('web.z')]);
    const first = await ask(queryBytes('wEb.Z', { id: 77 }));
    const second = await ask(queryBytes('web.z', { id: 78 }));
    t.equal(first.readUInt16BE(0), 77);
    t.same(first.subarray(12, 23), queryBytes('wEb.Z').subarray(12));
    t.match([first.at(-17), second.at(-17)].sort(), [1, 2], 'the other address comes first');
    t.equal(misses.length, 0);
    t.equal(thread.counters.grown(word.hits), 2);
    t.same([...thread.counters.labels()], [[3, 2]]);
  },
);

t.test('TTLs of forwarded replies grow less', async (t) => {
  const { thread, ask } = await setUp(t);
  thread.keep([entryFor('web.z', { ttls: [6, 22], seconds: 60 })]);
  t.equal((await ask(queryBytes('web.z'))).readUInt32BE(23 + 6), 9);
  await until(5_000, 'a second later', async () => (await ask(queryBytes('web.z'))).readUInt32BE(23 + 22) < 9);
});

t.test('the rest is handed over; malformed messages are not', async (t) => {
  const { thread, ask, misses, send } = await setUp(t);
  send(Uint8Array.of(1, 2, 3));
  const refused = await ask(Buffer.concat([queryBytes('web.z'), Buffer.from([1])]));
  t.match([refused.length, refused[3]! & 15], [12, 1]);
  t.equal(misses.length, 0);
  t.equal((await ask(queryBytes('other.z')))[2], 0x84);
  t.equal(misses.length, 1);
  t.equal(thread.counters.grown(word.malformed), 2);
});

t.test('a change is seen before the next question is answered', async (t) => {
  const { thread, ask, misses } = await setUp(t);
  thread.keep([entryFor('web.z')]);
  await ask(queryBytes('web.z'));
  for (let round = 0; round < 50; round += 1) {
    thread.tell({ kind: 'evict', marks: ['web.z'] });
    await ask(queryBytes('web.z'));
    t.equal(misses.length, round + 1);
    thread.keep([entryFor('web.z')]);
  }
});

t.test('a worker that dies is replaced, and what came meanwhile is answered', async (t) => {
  const { thread, deaths, ask, replies, send } = await setUp(t);
  await ask(queryBytes('web.z'));
  thread.tell({ kind: 'nonsense' } as never);
  await until(5_000, 'its death', () => deaths.length === 1);
  t.notOk(thread.alive);
  const before = replies.length;
  for (let id = 0; id < 20; id += 1) send(queryBytes('web.z', { id }));
  await until(10_000, 'all replies', () => replies.length === before + 20);
  t.ok(thread.alive);
  t.equal(deaths.length, 1);
});

t.test('closed, it leaves the port free, though the worker was blocked', async (t) => {
  const { thread, port, ask } = await setUp(t);
  await ask(queryBytes('web.z'));
  await thread.close();
  const again = createSocket('udp4');
  again.bind({ port, address: '127.0.0.1', exclusive: true });
  await once(again, 'listening');
  again.close();
  t.notOk(thread.alive);
});
