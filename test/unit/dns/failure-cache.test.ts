import t from 'tap';
import { FailureCache } from '../../../daemons/dns/failure-cache.ts';

const reply = (bytes: number) => ({ message: new Uint8Array(bytes), ttls: [], rcode: 2 }) as never;

t.test('kept for five seconds, from the last failure on', async (t) => {
  const cache = new FailureCache();
  const small = reply(100);
  cache.set('a', small, 1_000);
  t.same(cache.get('a', 1_000), { reply: small, ageSeconds: 0 });
  t.match(cache.get('a', 5_999), { ageSeconds: 4 });
  t.equal(cache.get('a', 6_000), undefined);
  cache.set('a', undefined, 7_000);
  t.same(cache.get('a', 9_000), { reply: undefined, ageSeconds: 2 });
  cache.clear();
  t.equal(cache.get('a', 9_000), undefined);
});

t.test('bounded, and what has ended goes when another comes', async (t) => {
  const cache = new FailureCache();
  cache.set('long', reply(5_000), 0);
  t.same(cache.get('long', 0), { reply: undefined, ageSeconds: 0 }, 'a long reply is not kept, its failure is');
  for (let at = 0; at < 3_000; at += 1) cache.set(`n${at}`, undefined, 1);
  t.equal(cache.size, 1_024);
  t.ok(cache.get('n2999', 2));
  t.equal(cache.get('n0', 2), undefined);
  cache.set('late', undefined, 60_000);
  t.equal(cache.size, 1);
});
