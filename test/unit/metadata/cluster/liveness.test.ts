import t from 'tap';
import { Liveness } from '../../../../daemons/metadata/cluster/liveness.ts';

const options = { dropMs: 300_000, forgetMs: 1_000_000, settleMs: 15_000 };
const nothing = { turned: [], hide: [], show: [], forget: [] };
const yes = (): boolean => true;
const no = (): boolean => false;

t.test('a missing lease tells at once, time alone takes things away', async (t) => {
  const lives = new Liveness(options);
  t.same(lives.look(['a'], yes, 1_000), nothing);
  t.same(lives.look(['a'], no, 0), { ...nothing, turned: ['a'] });
  t.notOk(lives.isAlive('a'));
  t.same(lives.look(['a'], no, 299_999), nothing);
  t.same(lives.look(['a'], no, 1), { ...nothing, hide: ['a'] });
  t.equal(lives.goneMs('a'), 300_000);
  t.same(lives.look(['a'], yes, 1_000), { ...nothing, turned: ['a'], show: ['a'] });
  t.equal(lives.goneMs('a'), undefined);
  t.same(lives.look(['a'], no, 0), { ...nothing, turned: ['a'] }, 'counted from nothing again');
  t.match(lives.look(['a'], no, 1_000_000), { hide: ['a'], forget: ['a'] });
});

t.test('after a gap of its own it waits for the others to come back', async (t) => {
  const lives = new Liveness(options);
  lives.look(['a', 'b', 'c'], (host) => host !== 'c', 0);
  lives.settle();
  t.same(lives.look(['a', 'b', 'c'], no, 10_000), nothing);
  t.ok(lives.isAlive('a'));
  t.same(
    lives.look(['a', 'b', 'c'], (host) => host === 'a', 5_000),
    { ...nothing, turned: ['b'] },
  );
  t.equal(lives.goneMs('c'), 15_000, 'who was gone before stays gone');
});

t.test('how long hosts were gone outlives the process; unknown ones are dropped', async (t) => {
  const before = new Liveness(options);
  before.look(['a', 'b'], no, 290_000);
  const after = new Liveness(options, before.gone());
  t.same(after.look(['a'], no, 10_000), { ...nothing, hide: ['a'] });
  t.same([...after.gone()], [['a', 300_000]]);
});
