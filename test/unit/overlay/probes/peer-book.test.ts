import t from 'tap';
import { type Ask, mostPerSecond, PeerBook, type Target } from '../../../../daemons/overlay/probes/peer-book.ts';

interface World {
  readonly book: PeerBook<Target>;
  /** Runs for a time in ticks of 100 ms; peers that are alive answer after 10 ms. */
  run(ms: number): Ask<Target>[];
  readonly dead: Set<string>;
  /** Peers that full-size packets do not reach. */
  readonly small: Set<string>;
  state(key: string): string | undefined;
  mtuOk(key: string): boolean | undefined;
  now(): number;
}

function worldOf(count: number): World {
  let nonce = 0;
  let now = 0;
  const book = new PeerBook<Target>(
    () => 0.5,
    () => String(++nonce),
  );
  const dead = new Set<string>();
  const small = new Set<string>();
  book.want(
    Array.from({ length: count }, (_, at) => ({ key: `p${at}`, fullLength: 1_422 })),
    now,
  );
  const viewOf = (key: string) => book.views().find(({ target }) => target.key === key);
  return {
    book,
    dead,
    small,
    run(ms) {
      const all: Ask<Target>[] = [];
      for (const end = now + ms; now < end; now += 100) {
        const { asks } = book.due(now, mostPerSecond / 10);
        for (const one of asks) {
          const { key } = one.target;
          if (!dead.has(key) && !(one.full && small.has(key))) book.answered(one.nonce, key, now + 10);
        }
        all.push(...asks);
      }
      return all;
    },
    state: (key) => viewOf(key)?.state,
    mtuOk: (key) => viewOf(key)?.mtuOk,
    now: () => now,
  };
}

t.test('peers that answer are up, and asked each five seconds', async (t) => {
  const world = worldOf(3);
  t.equal(world.state('p0'), 'unknown');
  world.run(2_000);
  t.equal(world.state('p0'), 'up');
  const asks = world.run(50_000).filter(({ full, target }) => !full && target.key === 'p0');
  t.ok(asks.length >= 9 && asks.length <= 11, `${asks.length} questions in 50 s`);
  const [view] = world.book.views();
  t.equal(view?.rttMs, 10);
  t.equal(world.mtuOk('p0'), true);
});

t.test(
  'a dead one is down within nine seconds, one lost packet is nothing, and it is up when it answers',
  async (t) => {
    const world = worldOf(2);
    world.run(10_000);
    world.dead.add('p1');
    const start = world.now();
    while (world.state('p1') === 'up' && world.now() - start < 20_000) world.run(100);
    const took = world.now() - start;
    t.ok(took <= 9_000, `down after ${took} ms`);
    t.ok(took >= 3_000, 'not at once');
    t.equal(world.state('p0'), 'up');
    const [view] = world.book.views().filter(({ target }) => target.key === 'p1');
    t.ok(view!.since > start && view!.lastReply! <= start);
    world.dead.delete('p1');
    world.run(3_000);
    t.equal(world.state('p1'), 'up');
  },
);

t.test('one that never answered is down, not unknown for ever', async (t) => {
  const world = worldOf(1);
  world.dead.add('p0');
  world.run(5_000);
  t.equal(world.state('p0'), 'down');
  t.equal(world.mtuOk('p0'), undefined, 'sizes say nothing where nobody answers');
  const asks = world.run(20_000);
  t.ok(asks.length <= 12 && asks.every(({ full }) => !full), `asked ${asks.length} times more`);
});

t.test('a way that carries small packets alone', async (t) => {
  const world = worldOf(2);
  world.small.add('p1');
  world.run(5_000);
  t.same([world.state('p1'), world.mtuOk('p1'), world.mtuOk('p0')], ['up', false, true]);
  world.small.delete('p1');
  world.run(40_000);
  t.equal(world.mtuOk('p1'), true, 'and found to be whole again');
});

t.test('a thousand peers are not asked all at once, and at most so many a second', async (t) => {
  const world = worldOf(1_000);
  let most = 0;
  for (let second = 0; second < 20; second += 1) most = Math.max(most, world.run(1_000).length);
  t.ok(most <= mostPerSecond, `${most} in a second`);
  t.equal(world.book.views().filter(({ state }) => state === 'up').length, 1_000);
  const usual = world.run(60_000).length / 60;
  t.ok(usual < 300, `${usual} a second`);
  for (let at = 0; at < 1_000; at += 1) world.dead.add(`p${at}`);
  world.run(20_000);
  t.ok(world.book.views().filter(({ state }) => state === 'down').length > 900, 'all lost at once are found, too');
});

t.test('a thousand that are down cost little, and one that asks is asked', async (t) => {
  const world = worldOf(1_000);
  for (let at = 0; at < 1_000; at += 1) world.dead.add(`p${at}`);
  world.run(60_000);
  t.equal(world.book.views().filter(({ state }) => state === 'down').length, 1_000);
  const usual = world.run(60_000).length / 60;
  t.ok(usual <= 22, `${usual} a second`);
  world.dead.delete('p7');
  world.book.heard('p7', world.now());
  world.run(1_200);
  t.equal(world.state('p7'), 'up');
  world.book.heard('p8', world.now());
  const asks = world.run(1_200).filter(({ target }) => target.key === 'p8');
  t.ok(asks.length <= 2, 'no more often than a second');
  world.book.heard('nobody', world.now());
});

t.test('answers to nobody’s question, from another, or twice count for nothing', async (t) => {
  const world = worldOf(2);
  world.dead.add('p0').add('p1');
  const [ask] = world.run(2_000);
  t.equal(world.book.answered('999', ask!.target.key, world.now()), undefined);
  const last = world.run(2_000).at(-1)!;
  const other = last.target.key === 'p0' ? 'p1' : 'p0';
  t.equal(world.book.answered(last.nonce, other, world.now()), undefined);
  t.ok(world.book.answered(last.nonce, last.target.key, world.now()));
  t.equal(world.book.answered(last.nonce, last.target.key, world.now()), undefined, 'twice');
  t.equal(world.book.answered(ask!.nonce, ask!.target.key, world.now()), undefined, 'too late');
});

t.test('peers that come and go', async (t) => {
  const world = worldOf(2);
  world.run(5_000);
  world.book.want(
    [
      { key: 'p1', fullLength: 1_000 },
      { key: 'new', fullLength: 1_000 },
    ],
    world.now(),
  );
  t.equal(world.state('p0'), undefined);
  t.equal(world.state('p1'), 'up', 'what is known stays');
  t.equal(world.state('new'), 'unknown');
  world.run(2_000);
  t.equal(world.state('new'), 'up');
});
