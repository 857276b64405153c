import t from 'tap';
import { Metrics } from '../../../../daemons/shared/daemon/metrics.ts';

t.test('counters, gauges and histograms of one daemon', async (t) => {
  const metrics = new Metrics('dns');
  metrics.counter('corral_test_total', 'h', ['kind']).inc({ kind: 'a' }, 2);
  let value = 1;
  metrics.gauge('corral_test_now', 'h', () => value);
  metrics.histogram('corral_test_seconds', 'h', [0.1, 1]).observe(0.5);
  const text = await metrics.text();
  t.match(text, 'corral_test_total{kind="a",daemon="dns"} 2');
  t.match(text, 'corral_test_now{daemon="dns"} 1');
  t.match(text, /corral_test_seconds_bucket\{le="1",daemon="dns"\} 1/);
  t.match(text, 'corral_process_resident_memory_bytes');
  value = 7;
  t.match(await metrics.text(), 'corral_test_now{daemon="dns"} 7', 'a gauge is read when asked');
});

t.test('two of them do not meet', async (t) => {
  new Metrics('dns').counter('corral_x_total', 'h');
  t.doesNotThrow(() => new Metrics('dns').counter('corral_x_total', 'h'));
});
