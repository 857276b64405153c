// The way of a question between the sockets and the rules: what is refused at the door, held, told, and explained.
import { mock } from 'node:test';
import t from 'tap';
import type { Forwarded } from '../../../daemons/dns/forward.ts';
import { NameIndex } from '../../../daemons/dns/name-index.ts';
import { makeQuery } from '../../../daemons/dns/query.ts';
import { type Resolved, Resolver } from '../../../daemons/dns/resolver.ts';
import { viewOf } from '../../../daemons/dns/view.ts';
import { type Ipv4, parseIpv4 } from '../../../daemons/shared/model/ipv4.ts';
import { Snapshot } from '../../../daemons/shared/model/snapshot.ts';
import { container, hostId } from './support/objects.ts';
import { queryBytes, shown } from './support/packets.ts';

const ip = (text: string): Ipv4 => parseIpv4(text)!;
const client = ip('10.42.1.5');

function bench(outcome: Forwarded = { outcome: 'failed' }) {
  const index = new NameIndex({ zone: 'rancher.internal', serviceAddress: ip('169.254.169.250') });
  const replies: string[] = [];
  let malformed = 0;
  const probes = new Set<string>();
  const resolver = new Resolver({
    index,
    settings: { ttl: 1, subnets: [], shuffle: (list) => list },
    forwarder: { cached: () => undefined, forward: async () => outcome } as unknown as ConstructorParameters<
      typeof Resolver
    >[0]['forwarder'],
    probe: { sees: (name) => probes.has(name) },
    viewOf: (source) => viewOf(index, source),
    onReply: (query, { path, rcode }) => void replies.push(`${query.name} ${path} ${rcode}`),
    onMalformed: () => {
      malformed += 1;
    },
    snapshotWaitMs: 1_500,
  });
  const feed = (): void => {
    const change = { put: [container('db', { ips: ['10.42.1.5'] })], drop: [] };
    index.update(Snapshot.empty(hostId).apply(change, { revision: 1, complete: true }), change);
    resolver.release();
  };
  const ask = async (name: string): Promise<string> => {
    const reply = await resolver.handle(queryBytes(name), client, 'udp');
    return reply ? shown(reply) : 'silence';
  };
  return { resolver, feed, ask, replies, probes, malformed: () => malformed };
}

t.beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
t.afterEach(() => mock.timers.reset());

t.test('what is no sound question gets a bare header, or nothing, and is counted', async (t) => {
  const one = bench();
  const good = queryBytes('db.rancher.internal');
  const reply = Buffer.from(good);
  reply[2] = 0x81;
  const cut = good.subarray(0, good.length - 1);
  t.equal(await one.resolver.handle(reply, client, 'udp'), undefined, 'a reply');
  t.equal(await one.resolver.handle(good.subarray(0, 11), client, 'udp'), undefined, 'no header');
  const refusal = Buffer.from((await one.resolver.handle(cut, client, 'tcp'))!);
  t.equal(refusal.length, 12);
  t.equal(refusal.readUInt16BE(0), 4711);
  t.equal(refusal.readUInt16BE(2) & 15, 1);
  t.equal(one.malformed(), 3);
  t.same(one.replies, []);
});

t.test('a question for the zone waits for the first snapshot, but not for long', async (t) => {
  const one = bench();
  const early = one.ask('db.rancher.internal');
  one.feed();
  t.equal(await early, 'NOERROR aa | db.rancher.internal 1 A 10.42.1.5 | ');
  const other = bench();
  const late = other.ask('db.rancher.internal');
  mock.timers.tick(1_500);
  t.equal(await late, 'NOERROR aa |  | rancher.internal 0 SOA soa 0', 'nothing is denied, nothing may be kept');
});

t.test('questions that wait are bounded: more of them are answered at once', async (t) => {
  const one = bench();
  const held = Array.from({ length: 1_000 }, () => one.ask('db.rancher.internal'));
  t.match(await one.ask('db.rancher.internal'), /^NOERROR aa \| {2}\|/);
  one.feed();
  const all = await Promise.all(held);
  t.same(new Set(all), new Set(['NOERROR aa | db.rancher.internal 1 A 10.42.1.5 | ']));
  t.equal(one.replies.length, 1_001, 'each is told of');
});

t.test('what becomes of a question that nobody can answer', async (t) => {
  t.equal(await bench({ outcome: 'failed' }).ask('www.up.test'), 'SERVFAIL |  | ');
  t.equal(await bench({ outcome: 'busy' }).ask('www.up.test'), 'REFUSED |  | ');
  const one = bench();
  one.probes.add('abc.corral-loop-probe');
  t.equal(await one.ask('abc.corral-loop-probe'), 'NXDOMAIN |  | ', 'a probe of ours that came back goes no further');
  t.same(one.replies, ['abc.corral-loop-probe refused 3']);
});

t.test('the steps are told in their order', async (t) => {
  const one = bench();
  one.feed();
  const steps = async (name: string): Promise<string[]> => {
    const told: string[] = [];
    const resolved: Resolved = await one.resolver.resolve(makeQuery(name, 1)!, client, (step) => void told.push(step));
    return [...told, resolved.path];
  };
  const from = 'asked from 10.42.1.5, the container db; suffixes: rancher.internal';
  t.same(await steps('db'), [from, 'db.rancher.internal: metadata has it', 'search']);
  t.same(await steps('nope.rancher.internal'), [
    from,
    'it is inside the zone rancher.internal: answered here, never asked outside',
    'no container, service, link or line of the file has it',
    'local',
  ]);
  t.same(await steps('www.up.test'), [
    from,
    'www.up.test.rancher.internal: not there',
    'no rule of this host fits: it is passed on',
    'forward',
  ]);
});
