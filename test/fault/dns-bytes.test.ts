// F23, the part of DNS bytes: what clients and upstreams may send, changed at random. Nothing throws, nothing takes long, what
// is accepted is what it seems. `FAULT_SECONDS` (default 3) and `FAULT_SEED` decide how long and with which numbers.
import t from 'tap';
import { answer } from '../../daemons/dns/answer.ts';
import { encodeReply } from '../../daemons/dns/encode-reply.ts';
import { guardQuery } from '../../daemons/dns/guard.ts';
import { encodeHot } from '../../daemons/dns/hot/encoding.ts';
import { NotedIndex } from '../../daemons/dns/hot/noted-index.ts';
import { readQuery } from '../../daemons/dns/query.ts';
import { answersOf, lifetimeOf, readReply } from '../../daemons/dns/read-reply.ts';
import { relayTo, toRelayable } from '../../daemons/dns/relay-reply.ts';
import { FrameCutter } from '../../daemons/dns/tcp-frames.ts';
import { viewOf } from '../../daemons/dns/view.ts';
import { parseCidr4, parseIpv4 } from '../../daemons/shared/model/ipv4.ts';
import { Snapshot } from '../../daemons/shared/model/snapshot.ts';
import { malformed, random } from '../fakes/dns-malformed.ts';
import { container, hostId, service } from '../unit/dns/support/objects.ts';
import { queryBytes } from '../unit/dns/support/packets.ts';

const seconds = Number(process.env.FAULT_SECONDS ?? 3);
const seed = Number(process.env.FAULT_SEED ?? 23);
/** One input; the machine may be busy with other things, so the second look decides. */
const mostMs = 100;

const index = new NotedIndex({ zone: 'rancher.internal', serviceAddress: parseIpv4('169.254.169.250')! });
const put = [
  container('c1', { ips: ['10.42.1.5'], stackName: 'web', serviceName: 'front' }),
  ...Array.from({ length: 300 }, (_, at) => container(`m${at}`, { ips: [`10.42.${at >> 8}.${at & 255}`] })),
  service('web/front', { containerIds: ['c1'], links: { 'web/many': 'many' } }),
  service('web/many', { containerIds: Array.from({ length: 300 }, (_, at) => `m${at}`) }),
  service('web/ext', { serviceKind: 'externalService', hostname: 'many.web.rancher.internal' }),
];
index.take(Snapshot.empty(hostId).apply({ put, drop: [] }, { revision: 1, complete: true }), { put, drop: [] });
const view = viewOf(index, parseIpv4('10.42.1.5')!);
const settings = {
  ttl: 1,
  subnets: [parseCidr4('10.42.0.0/16')!],
  shuffle: <T>(list: T[]) => list,
  onLoop: () => undefined,
};
const names = [
  'c1.rancher.internal',
  'many',
  'ext.web.rancher.internal',
  '5.1.42.10.in-addr.arpa',
  'www.up.test',
  '',
  'a.b.c',
];
const types = [1, 2, 5, 6, 12, 16, 28, 33, 41, 255, 65];

type Pick = (below: number) => number;

/** Up to six changes: bytes, cuts, repetitions, numbers at the edges. */
function mutate(pick: Pick, original: Uint8Array): Buffer {
  let bytes = Buffer.from(original);
  for (let left = pick(7); left > 0 && bytes.length > 0; left -= 1) {
    const at = pick(bytes.length);
    const edge = [0, 1, 0x3f, 0x40, 0xc0, 0xff][pick(6)]!;
    if (pick(4) === 0) bytes = bytes.subarray(0, at);
    else if (pick(5) === 0)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(pick(at + 1), at), bytes.subarray(at)]);
    else bytes[at] = pick(2) === 0 ? edge : pick(256);
  }
  return bytes;
}

/** All that a message from a client goes through. */
function asQuery(message: Uint8Array): Uint8Array | undefined {
  const shape = guardQuery(message);
  if (shape.verdict !== 'sound') return undefined;
  const query = readQuery(message, shape, 'udp');
  const decision = answer(query, view, index, settings);
  if (decision.do !== 'reply') return undefined;
  const bytes = encodeReply(query, decision.reply);
  if (bytes.length > 1_232) throw new Error(`a reply of ${bytes.length} bytes`);
  const encoding = encodeHot(bytes, shape.questionEnd);
  if (!encoding) throw new Error('our own reply is not sound');
  return bytes;
}

/** All that a message from an upstream goes through. */
function asReply(message: Uint8Array): void {
  const shape = readReply(message);
  if (!shape) return;
  answersOf(message, shape, 1);
  lifetimeOf(message, shape, 1);
  encodeHot(message, shape.questionEnd);
  const wanted = queryBytes(shape.question.name === '' ? 'a' : 'a.b', { edns: 1232 });
  const query = guardQuery(wanted);
  if (query.verdict !== 'sound') throw new Error('the own question is not sound');
  const asked = { ...readQuery(wanted, query, 'udp'), question: message.slice(12, shape.questionEnd) };
  relayTo(asked, toRelayable(message, shape), 1);
}

function fuzz(
  t: { fail(text: string): void; comment(text: string): void; ok(value: unknown, text: string): void },
  make: (pick: Pick) => Uint8Array,
  work: (message: Uint8Array) => unknown,
): void {
  const pick = random(seed);
  const until = performance.now() + seconds * 1_000;
  let count = 0;
  let worst = 0;
  for (; performance.now() < until; count += 1) {
    const message = make(pick);
    try {
      const ms = timed(() => work(message));
      worst = Math.max(worst, ms > mostMs ? timed(() => work(message)) : ms);
    } catch (error) {
      t.fail(`input ${count}, seed ${seed}: ${Buffer.from(message).toString('hex')}: ${String(error)}`);
      return;
    }
  }
  t.comment(`${count} inputs, the slowest took ${worst.toFixed(2)} ms`);
  t.ok(worst <= mostMs, 'no input takes longer');
}

function timed(work: () => unknown): number {
  const begun = performance.now();
  work();
  return performance.now() - begun;
}

const someQuery = (pick: Pick): Buffer =>
  queryBytes(names[pick(names.length)]!, {
    type: types[pick(types.length)]!,
    ...(pick(2) === 0 ? { edns: 1232 } : {}),
  });

t.test('F23: questions', async (t) => {
  fuzz(t, (pick) => (pick(4) === 0 ? malformed(pick) : mutate(pick, someQuery(pick))), asQuery);
});

t.test('F23: replies of upstreams', async (t) => {
  const reply = (pick: Pick): Uint8Array => asQuery(someQuery(pick)) ?? someQuery(pick);
  fuzz(t, (pick) => mutate(pick, reply(pick)), asReply);
});

t.test('F23: frames of TCP', async (t) => {
  const cutter = { current: new FrameCutter() };
  fuzz(
    t,
    (pick) => mutate(pick, Buffer.concat([Buffer.from([0, pick(60)]), someQuery(pick)])),
    (bytes) => {
      for (const message of cutter.current.push(Buffer.from(bytes))) asQuery(message);
      if (bytes.length % 7 === 0) cutter.current = new FrameCutter();
    },
  );
});
