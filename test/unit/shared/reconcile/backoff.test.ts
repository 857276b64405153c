import t from 'tap';
import { backoffMs } from '../../../../daemons/shared/reconcile/backoff.ts';

t.test('200 ms, doubling, at most 5 s, for ever', async (t) => {
  const cases: readonly [number, number][] = [
    [1, 200],
    [2, 400],
    [3, 800],
    [4, 1_600],
    [5, 3_200],
    [6, 5_000],
    [40, 5_000],
    [1_000_000, 5_000],
  ];
  for (const [failures, ms] of cases) t.equal(backoffMs(failures, 0.5), ms, `${failures} failures`);
});

t.test('jitter of 20 % to both sides', async (t) => {
  t.equal(backoffMs(1, 0), 160);
  t.equal(backoffMs(1, 0.999_999), 240);
  t.equal(backoffMs(9, 0.999_999), 6_000);
});

t.test('other bounds', async (t) => {
  t.equal(backoffMs(1, 0.5, { firstMs: 10, maxMs: 30 }), 10);
  t.equal(backoffMs(3, 0.5, { firstMs: 10, maxMs: 30 }), 30);
});
