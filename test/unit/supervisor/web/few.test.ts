import t from 'tap';
import { byText, fewOf, filterOf } from '../../../../daemons/supervisor/web/few.ts';

t.test('the first few are those that sorting all of them would put there', async (t) => {
  let seed = 7;
  const next = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  const compare = (a: readonly [number, number], b: readonly [number, number]): number => a[0] - b[0] || a[1] - b[1];
  for (const count of [0, 1, 9, 10, 11, 20, 21, 500]) {
    // Many are equal in what counts first, none is equal in all.
    const items = Array.from({ length: count }, (_, at) => [next(8), at] as const);
    t.same(fewOf(items, 10, compare), {
      shown: items.toSorted(compare).slice(0, 10),
      matching: count,
      total: count,
    });
  }
});

t.test('with a filter, those that match are counted apart', async (t) => {
  const few = fewOf(['web-2', 'db', 'web-1', 'WEB-3'], 2, byText, filterOf('web'), (text) => [text]);
  t.same(few, { shown: ['WEB-3', 'web-1'], matching: 3, total: 4 });
});

t.test('all words must occur, in whatever text', async (t) => {
  const filter = filterOf('  Web   10.42 ');
  t.ok(filter?.(['web-1', '10.42.0.2', null]));
  t.notOk(filter?.(['web-1', '10.43.0.2']));
  t.equal(filterOf('  '), undefined, 'no words are no filter');
});
