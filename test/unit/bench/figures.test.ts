import t from 'tap';
import { median, renderFigures } from '../../bench/figures.ts';

t.test('the median of an even number lies between the two in the middle', async (t) => {
  t.equal(median([4, 1, 3]), 3);
  t.equal(median([10, 2, 9, 1]), 5.5);
  t.ok(Number.isNaN(median([])));
});

t.test('figures name their spread and their number', async (t) => {
  t.equal(renderFigures([1, 2, 9], 'ms'), 'median 2 ms (1 to 9, 3 runs)');
});
