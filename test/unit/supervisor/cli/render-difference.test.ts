import t from 'tap';
import { renderDifference } from '../../../../daemons/supervisor/cli/render-difference.ts';

t.test('what corral diff shows', async (t) => {
  t.equal(renderDifference({ keepers: [] }), 'Everything is as wanted.\n');
  t.equal(renderDifference({ keepers: [{ keeper: 'rules', changes: [] }] }), 'Everything is as wanted.\n');
  const keepers = [
    { keeper: 'networks', changes: ['make bridge corral0'] },
    { keeper: 'rules', changes: [] },
    { keeper: 'flows', changes: ['remove a', 'remove b'] },
  ];
  t.equal(renderDifference({ keepers }), 'networks\n  make bridge corral0\nflows\n  remove a\n  remove b\n');
});

t.test('a long list is cut, and says so', async (t) => {
  const changes = Array.from({ length: 1_000 }, (_, at) => `line ${at}`);
  const lines = renderDifference({ keepers: [{ keeper: 'rules', changes }] }).split('\n');
  t.equal(lines.length, 203);
  t.equal(lines.at(-2), '  and 800 more');
});
