import t from 'tap';
import { ReplyCounts } from '../../../daemons/dns/reply-counts.ts';

function drained(counts: ReplyCounts): string[] {
  const told: string[] = [];
  counts.drain((type, rcode, path, count) => told.push(`${type} ${rcode} ${path} ${count}`));
  return told.sort();
}

t.test('counted by type, code and path, and handed over once', async (t) => {
  const counts = new ReplyCounts();
  for (const [type, rcode, path] of [
    [1, 0, 'local'],
    [1, 0, 'local'],
    [28, 0, 'local'],
    [1, 3, 'local'],
    [1, 0, 'refused'],
    [65_535, 0xfff, 'stale'],
  ] as const) {
    t.ok(counts.add(type, rcode, path));
  }
  t.same(drained(counts), ['1 0 local 2', '1 0 refused 1', '1 3 local 1', '28 0 local 1', '65535 4095 stale 1']);
  t.same(drained(counts), []);
});

t.test('types that clients make up do not fill the memory', async (t) => {
  const counts = new ReplyCounts();
  let asked = 0;
  let told = 0;
  for (let type = 0; type < 10_000; type += 1) {
    asked += 1;
    if (!counts.add(type, 0, 'forward')) told += drained(counts).length;
  }
  t.equal(told + drained(counts).length, asked);
  t.ok(told > 9_000);
});
