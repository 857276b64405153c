import t from 'tap';
import { Health, type HealthReport } from '../../../../daemons/shared/daemon/health.ts';

t.test('ready when all conditions hold, degraded or unready by what fails', async (t) => {
  const health = new Health();
  t.equal(health.report().state, 'unready', 'nothing is known yet');
  health.set('a', { ok: true, text: 'fine' });
  t.equal(health.report().state, 'ready');
  health.set('b', { ok: false, text: 'away', degradesOnly: true, code: 'DOCKER_UNREACHABLE' });
  t.equal(health.report().state, 'degraded');
  health.set('a', { ok: false, text: 'broken', code: 'INTERNAL' });
  t.equal(health.report().state, 'unready');
  t.same(health.report().conditions, [
    { name: 'a', ok: false, degradesOnly: false, code: 'INTERNAL', text: 'broken' },
    { name: 'b', ok: false, degradesOnly: true, code: 'DOCKER_UNREACHABLE', text: 'away' },
  ]);
});

t.test('listeners hear of differences, each of them, and of nothing else', async (t) => {
  const health = new Health();
  const heard: HealthReport['state'][] = [];
  const off = health.onChange((report) => heard.push(report.state));
  const changes = [
    { ok: false, text: 'x' },
    { ok: false, text: 'y' },
    { ok: false, text: 'y', code: 'DEADLINE' },
    { ok: false, text: 'y', code: 'DEADLINE', degradesOnly: true },
    { ok: false, text: 'y', code: 'DEADLINE', degradesOnly: true, hint: 'wait' },
    { ok: true, text: 'y' },
  ] as const;
  for (const change of changes) {
    t.equal(health.set('a', change), true);
    t.equal(health.set('a', change), false);
  }
  t.same(heard, ['unready', 'unready', 'unready', 'degraded', 'degraded', 'ready']);
  off();
  health.set('a', { ok: false, text: 'z' });
  t.equal(heard.length, 6);
});
