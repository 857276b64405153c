// The dashboard and the alert rules: well formed, and about metrics that the sources name. That the running suite has them, too,
// test/cluster/page.test.ts shows.
import t from 'tap';
import { Metrics } from '../../daemons/shared/daemon/metrics.ts';
import { alerts, asked, dashboard, familyOf, labelsIn, metricsIn } from './support/grafana.ts';
import { readTypeScript } from './support/sources.ts';

/** What the sources name, and what the package measures of every process. */
async function knownMetrics(): Promise<Set<string>> {
  const sources = [...readTypeScript()].filter(([path]) => path.startsWith('daemons/'));
  const named = sources.flatMap(([, text]) => text.match(/(?<=['"` ])corral_\w+(?=['"` {])/g) ?? []);
  const usual = (await new Metrics('dns').text()).match(/(?<=^# TYPE )\S+/gm) ?? [];
  return new Set([...named, ...usual]);
}

t.test('every metric that is asked for exists', async (t) => {
  const known = await knownMetrics();
  t.ok(asked.length > 30, `${asked.length} expressions`);
  for (const { title, expr } of asked) {
    for (const name of metricsIn(expr)) t.ok(familyOf(name, known), `${title}: ${name}`);
  }
});

t.test('one that does not is found', async (t) => {
  const known = await knownMetrics();
  t.same(metricsIn('rate(corral_cni_seconds_bucket[5m]) / corral_nonsense{x="y"}'), [
    'corral_cni_seconds_bucket',
    'corral_nonsense',
  ]);
  t.equal(familyOf('corral_cni_seconds_bucket', known), 'corral_cni_seconds');
  t.equal(familyOf('corral_nonsense', known), undefined);
  t.same(labelsIn('corral_x{code="A",host=~"b"} > corral_y'), [
    { metric: 'corral_x', label: 'code' },
    { metric: 'corral_x', label: 'host' },
  ]);
});

t.test('alerts say what is wrong, how bad it is, and what to do', async (t) => {
  t.equal(new Set(alerts.map(({ alert }) => alert)).size, alerts.length, 'names are distinct');
  for (const { alert, labels, annotations } of alerts) {
    t.match(alert, /^Corral[A-Z]/);
    t.match(labels, { severity: /^(critical|warning)$/ }, alert);
    t.match(annotations, { summary: /\$labels\.instance/, description: /.{20}/ }, alert);
  }
});

t.test('panels have places of their own', async (t) => {
  const { panels } = dashboard;
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  for (const { type, title, targets } of panels) if (type !== 'row') t.ok(targets?.length, title);
  const cells = panels.flatMap(({ title, gridPos: { x, y, w, h } }) => {
    t.ok(x + w <= 24, `${title} is within the width`);
    return Array.from({ length: w * h }, (_, at) => `${x + (at % w)}/${y + Math.floor(at / w)}`);
  });
  t.equal(new Set(cells).size, cells.length, 'none covers another');
});
