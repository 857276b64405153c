import { mock } from 'node:test';
import t from 'tap';
import { tryMs } from '../../../daemons/dns/race.ts';
import { nameOfUpstream, parseResolvConf, toUpstreams } from '../../../daemons/dns/upstreams.ts';
import { ask, bench, type Manner, own } from './support/forward-bench.ts';

t.beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
t.afterEach(() => mock.timers.reset());

const answered = 'forward NOERROR | www.up.test 100 A 192.0.2.1 | ';

t.test('tries: who is asked when, and what comes of it', async (t) => {
  const cases: [string, Record<string, Manner>, string, string[]][] = [
    ['one good', { '192.0.2.1': 'good' }, `${answered} @0`, ['0 192.0.2.1']],
    [
      'first refuses the port',
      { '192.0.2.1': 'refused', '192.0.2.2': 'good' },
      `${answered} @0`,
      ['0 192.0.2.1', '0 192.0.2.2'],
    ],
    [
      'first is silent',
      { '192.0.2.1': 'silent', '192.0.2.2': 'good' },
      `${answered} @600`,
      ['0 192.0.2.1', '600 192.0.2.2'],
    ],
    ['one, slow', { '192.0.2.1': 'after 900' }, `${answered} @900`, ['0 192.0.2.1', '600 192.0.2.1']],
    [
      'first fails, second knows',
      { '192.0.2.1': 'servfail', '192.0.2.2': 'good' },
      `${answered} @0`,
      ['0 192.0.2.1', '0 192.0.2.2'],
    ],
    [
      'both fail',
      { '192.0.2.1': 'servfail', '192.0.2.2': 'servfail' },
      'forward SERVFAIL |  | up 60 SOA soa 60 @0',
      ['0 192.0.2.1', '0 192.0.2.2'],
    ],
    ['one fails', { '192.0.2.1': 'servfail' }, 'forward SERVFAIL |  | up 60 SOA soa 60 @0', ['0 192.0.2.1']],
    [
      'one fails, the other is silent',
      { '192.0.2.1': 'servfail', '192.0.2.2': 'silent' },
      'forward SERVFAIL |  | up 60 SOA soa 60 @1200',
      ['0 192.0.2.1', '0 192.0.2.2', '600 192.0.2.1'],
    ],
    [
      'one fails late, and is not followed twice',
      { '192.0.2.1': 'fails 800', '192.0.2.2': 'after 500', '192.0.2.3': 'good' },
      `${answered} @1100`,
      ['0 192.0.2.1', '600 192.0.2.2'],
    ],
    [
      'all silent',
      { '192.0.2.1': 'silent', '192.0.2.2': 'silent' },
      'failed @1800',
      ['0 192.0.2.1', '600 192.0.2.2', '1200 192.0.2.1'],
    ],
    [
      'the last one fails late, the others are still silent',
      { '192.0.2.1': 'silent', '192.0.2.2': 'silent', '192.0.2.3': 'fails 500' },
      'failed @1800',
      ['0 192.0.2.1', '600 192.0.2.2', '1200 192.0.2.3'],
    ],
    ['all refuse', { '192.0.2.1': 'refused' }, 'failed @0', ['0 192.0.2.1', '0 192.0.2.1', '0 192.0.2.1']],
    [
      'four dead',
      { '192.0.2.1': 'silent', '192.0.2.2': 'silent', '192.0.2.3': 'silent', '192.0.2.4': 'good' },
      'failed @1800',
      ['0 192.0.2.1', '600 192.0.2.2', '1200 192.0.2.3'],
    ],
    ['none', {}, 'failed @0', []],
  ];
  for (const [what, manners, want, log] of cases) {
    const one = bench(manners);
    t.equal(await one.run(), want, what);
    t.same(one.log, log, what);
  }
  t.equal(tryMs, 600);
});

t.test('a dead upstream is asked last for ten seconds, then first again', async (t) => {
  const one = bench({ '192.0.2.1': 'silent', '192.0.2.2': 'good' });
  const times: string[] = [];
  for (const name of ['a.up', 'b.up', 'c.up']) times.push((await one.run(ask(name))).split('@')[1]!);
  t.same(times, ['600', '600', '0'], 'two failures make it dead');
  t.same(
    one.health.inOrder(one.health.list, 1_300).map((up) => up.host),
    ['192.0.2.2', '192.0.2.1'],
  );
  one.pass(10_000);
  t.equal((await one.run(ask('d.up'))).split('@')[1], '600');
});

t.test('equal questions share one forward, different ones are bounded', async (t) => {
  const one = bench({ '192.0.2.1': 'after 300' }, { maxForwards: 2, maxWaiting: 5 });
  const names = ['a.up', 'a.up', 'b.up', 'c.up', 'a.up', 'a.up', 'a.up'];
  const all = Promise.all(names.map((name) => one.forwarder.forward(ask(name), [])));
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  mock.timers.tick(300);
  t.same(
    (await all).map(({ outcome }) => outcome),
    ['reply', 'reply', 'reply', 'busy', 'reply', 'reply', 'busy'],
  );
  t.equal(one.log.length, 2);
  t.equal(one.forwarder.underWay, 0);
});

t.test('what is cached ages', async (t) => {
  const one = bench({ '192.0.2.1': 'good' });
  await one.run();
  one.pass(40_500);
  t.equal(await one.run(), 'cache NOERROR | www.up.test 60 A 192.0.2.1 |  @0');
  one.pass(59_500);
  t.equal(await one.run(), `${answered} @0`);
});

t.test('resolv.conf and configured lists', async (t) => {
  const list = (text: string): string[] => parseResolvConf(text, own).map(nameOfUpstream);
  t.same(
    list(
      'nameserver 127.0.0.53\n# nameserver 1.1.1.1\nsearch x\n nameserver\t192.0.2.1 # c\nnameserver\nnameserver 169.254.169.250\nnameserver nonsense\nnameserver 192.0.2.1\nnameserver fe80::1\n',
    ),
    ['127.0.0.53:53', '192.0.2.1:53', '[fe80::1]:53'],
  );
  t.same(list(''), []);
  t.equal(list(Array.from({ length: 20 }, (_, at) => `nameserver 192.0.2.${at}`).join('\n')).length, 8);
  t.same(
    toUpstreams(
      ['192.0.2.1:5300', '192.0.2.1:0', '192.0.2.300', '169.254.169.250:53', '169.254.169.250:5353'],
      own,
    ).map(nameOfUpstream),
    ['192.0.2.1:5300', '169.254.169.250:5353'],
  );
});

t.test('a looping upstream is not asked at all', async (t) => {
  const one = bench({ '192.0.2.1': 'good', '192.0.2.2': 'good' });
  one.health.setLooping(one.health.list[0]!, true);
  await one.run();
  t.same(one.log, ['0 192.0.2.2']);
});

t.test(
  'nobody answers: what was known is given out, asked again after half a minute, fresh when somebody does',
  async (t) => {
    const manners: Record<string, Manner> = { '192.0.2.1': 'good' };
    const one = bench(manners);
    await one.run();
    manners['192.0.2.1'] = 'silent';
    one.pass(100_000);
    const stale = 'stale NOERROR | www.up.test 30 A 192.0.2.1 | ';
    t.equal(await one.run(), `${stale} @1800`);
    t.equal(await one.run(), `${stale} @0`);
    const asked = one.log.length;
    one.pass(29_000);
    t.equal(await one.run(), `${stale} @0`);
    t.equal(one.log.length, asked);
    manners['192.0.2.1'] = 'servfail';
    one.pass(6_000);
    t.equal(await one.run(), `${stale} @0`, 'a failure is no answer either');
    manners['192.0.2.1'] = 'good';
    one.pass(30_000);
    t.equal(await one.run(), `${answered} @0`);
    manners['192.0.2.1'] = 'servfail';
    one.pass(3_700_000);
    t.match(await one.run(), /^forward SERVFAIL/, 'an hour after its end it is gone');
  },
);

t.test('what is popular is asked for anew before its end, while clients get the cache', async (t) => {
  const one = bench({ '192.0.2.1': 'good' });
  const cached = (ttl: number): string => `cache NOERROR | www.up.test ${ttl} A 192.0.2.1 |  @0`;
  await one.run();
  one.pass(50_000);
  t.equal(await one.run(), cached(50));
  one.pass(45_000);
  t.equal(await one.run(), cached(5));
  t.equal(one.log.length, 2, 'asked in the background');
  t.equal(await one.run(), cached(100));
  t.equal(one.log.length, 2);
  t.equal(one.forwarder.underWay, 0);
});

t.test('every try is told, once', async (t) => {
  const one = bench({ '192.0.2.1': 'after 900', '192.0.2.2': 'refused', '192.0.2.3': 'after 200' });
  t.equal(await one.run(), `${answered} @800`);
  t.same(one.tries, ['192.0.2.1 failed', '192.0.2.2 failed', '192.0.2.3 0.2']);
});

t.test('clients with upstreams of their own share no replies with others', async (t) => {
  const one = bench({ '192.0.2.1': 'good' });
  const client = toUpstreams(['192.0.2.1'], own);
  const outcomes: string[] = [];
  for (const list of [[], client, [], client]) {
    const found = await one.forwarder.forward(ask(), list);
    outcomes.push(found.outcome === 'reply' ? found.path : found.outcome);
  }
  t.same(outcomes, ['forward', 'forward', 'cache', 'cache']);
});
