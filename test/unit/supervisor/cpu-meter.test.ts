import t from 'tap';
import { CpuMeter } from '../../../daemons/supervisor/cpu-meter.ts';

const one = { pid: 7, startTicks: 1 };

t.test('percent of a core between two looks', async (t) => {
  const meter = new CpuMeter();
  t.ok(meter.isDue(one, 0));
  meter.look(one, 5, 0);
  t.equal(meter.percent, null, 'one look tells nothing');
  t.notOk(meter.isDue(one, 9_999));
  t.ok(meter.isDue(one, 10_000));
  meter.look(one, 5.03, 10_000);
  t.equal(meter.percent, 0.3);
  meter.look(one, 25.03, 20_000);
  t.equal(meter.percent, 200, 'two threads');
  const later = { pid: 7, startTicks: 9 };
  t.ok(meter.isDue(later, 20_001), 'another process of the same number');
  meter.look(later, 0.1, 20_001);
  t.equal(meter.percent, null);
  meter.look(undefined, null, 30_001);
  t.equal(meter.percent, null);
});
