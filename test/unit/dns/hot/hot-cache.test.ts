import t from 'tap';
import { encodeHot } from '../../../../daemons/dns/hot/encoding.ts';
import { HotCache, type HotEntry } from '../../../../daemons/dns/hot/hot-cache.ts';
import { newHotQuestion, readHotQuestion } from '../../../../daemons/dns/hot/question.ts';
import { queryBytes } from '../support/packets.ts';

const seed = 99;

function entryFor(name: string, fields: Partial<HotEntry> = {}): HotEntry {
  return {
    question: queryBytes(name).subarray(12),
    flags: 0x8580,
    counts: Uint8Array.of(0, 1, 0, 0, 0, 0),
    tails: [Uint8Array.of(0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 10, 0, 0, 1)],
    ttls: [],
    view: 0,
    variant: 1,
    shared: true,
    marks: [name],
    seconds: Number.POSITIVE_INFINITY,
    label: 0,
    ...fields,
  };
}

function questionOf(name: string) {
  const query = queryBytes(name);
  const words = new Int32Array(128);
  const bytes = new Uint8Array(words.buffer);
  bytes.set(query);
  const into = newHotQuestion();
  readHotQuestion({ bytes, words }, 0, query.length, seed, into);
  return into;
}

function find(cache: HotCache, name: string, wish: { view?: number; shared?: boolean; now?: number } = {}) {
  const { view = 0, shared = false, now = 0 } = wish;
  return cache.find(questionOf(name), view, shared, now);
}

t.test('found whatever the letter case, by view and variant', async (t) => {
  const cache = new HotCache(1 << 20, seed);
  cache.put(entryFor('web.z'), 0);
  cache.put(entryFor('web.z', { view: 3, shared: false, label: 5 }), 0);
  t.equal(find(cache, 'wEB.z')?.label, 0);
  t.equal(find(cache, 'web.z', { view: 3 })?.label, 5);
  t.equal(find(cache, 'web.z', { view: 4 }), undefined);
  cache.put(entryFor('web.z', { label: 7 }), 0);
  t.equal(find(cache, 'web.z')?.label, 7, 'the later one takes the place');
  t.equal(cache.size, 2);
});

t.test('what strangers see is not for clients with views, unless it is the same for all', async (t) => {
  const cache = new HotCache(1 << 20, seed);
  cache.put(entryFor('web', { shared: false }), 0);
  cache.put(entryFor('web.z'), 0);
  t.equal(find(cache, 'web', { shared: true }), undefined);
  t.ok(find(cache, 'web.z', { shared: true }));
});

t.test('a change takes out exactly what was made from it', async (t) => {
  const cache = new HotCache(8 << 20, seed);
  for (let at = 0; at < 1_000; at += 1) cache.put(entryFor(`c${at}.z`), 0);
  cache.put(entryFor('alias.z', { marks: ['alias.z', 'c7.z'] }), 0);
  cache.put(entryFor('nope.web.z', { marks: ['nope.web.z', '+nope.web.z'] }), 0);
  t.equal(cache.evict(['c7.z', '-c7.z']), 2, 'the name and its alias');
  t.equal(cache.evict(['c7.z']), 0);
  t.equal(cache.evict(['+nope.web.z', 'x.nope.web.z']), 1, 'it exists now');
  t.equal(cache.size, 999);
});

t.test('an entry lives for its seconds', async (t) => {
  const cache = new HotCache(1 << 20, seed);
  cache.put(entryFor('a.z', { seconds: 2 }), 1_000);
  t.ok(find(cache, 'a.z', { now: 2_999 }));
  t.equal(find(cache, 'a.z', { now: 3_000 }), undefined);
  t.equal(cache.size, 0);
  t.equal(cache.bytes, 0);
});

t.test('bounded in bytes; what is asked for stays', async (t) => {
  const cache = new HotCache(200_000, seed);
  cache.put(entryFor('kept.z'), 0);
  for (let at = 0; at < 5_000; at += 1) {
    cache.put(entryFor(`c${at}.z`), 0);
    if (at % 50 === 0) find(cache, 'kept.z');
  }
  t.ok(cache.bytes <= 200_000);
  t.ok(cache.size > 200, `${cache.size} entries`);
  t.ok(find(cache, 'kept.z'));
  t.equal(find(cache, 'c0.z'), undefined);
  t.ok(find(cache, 'c4999.z'));
  cache.clear();
  t.same([cache.size, cache.bytes], [0, 0]);
});

t.test('a reply that is none, or answers another question, is not kept', async (t) => {
  t.equal(encodeHot(Uint8Array.of(1, 2, 3), 20), undefined);
  const query = queryBytes('a.b');
  query[2] = 0x84;
  t.ok(encodeHot(query, query.length));
  t.equal(encodeHot(query, query.length - 1), undefined);
});
