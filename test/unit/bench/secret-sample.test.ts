import t from 'tap';
import { renderSamples } from '../../bench/support/secret/sample.ts';

t.test('medians and ratios to the first driver, a row a driver', async (t) => {
  const sample = (mbitPerSecond: number, processorSecondsPerGbit: number) => ({
    mbitPerSecond,
    processorSecondsPerGbit,
  });
  const table = renderSamples({
    vxlan: [sample(900, 2), sample(1_000, 1), sample(1_100, 3)],
    ipsec: [sample(90, 18), sample(110, 22)],
  });
  t.same(table.split('\n').slice(2), [
    '| vxlan | 1000 | 900 to 1100 | 1.00 | 2.00 | 1.00 |',
    '| ipsec | 100 | 90 to 110 | 0.10 | 20.00 | 10.00 |',
  ]);
});
