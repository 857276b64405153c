import t from 'tap';
import { parseCount, parseSince } from '../../../../daemons/supervisor/cli/parse-since.ts';

t.test('moments in the past', async (t) => {
  const now = Date.UTC(2026, 10, 29, 12);
  t.equal(parseSince('30s', now), now - 30_000);
  t.equal(parseSince('10m', now), now - 600_000);
  t.equal(parseSince('2h', now), now - 7_200_000);
  t.equal(parseSince('1d', now), now - 86_400_000);
  t.equal(parseSince('2026-11-29T11:00:00Z', now), now - 3_600_000);
  for (const wrong of ['', '10', 'm', '-5m', 'yesterday', '2026-99-99', '1e3s'])
    t.throws(() => parseSince(wrong, now), { code: 'USAGE' }, wrong);
});

t.test('counts', async (t) => {
  t.equal(parseCount(undefined, 5), 5);
  t.equal(parseCount('12', 5), 12);
  for (const wrong of ['', '-1', '1.5', 'all']) t.throws(() => parseCount(wrong, 5), { code: 'USAGE' }, wrong);
});
