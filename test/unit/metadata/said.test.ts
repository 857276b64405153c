import t from 'tap';
import { type Slice, sliceRecords, slicesOf, slicesOfSet } from '../../../daemons/metadata/said.ts';
import { type Key, keyOf } from '../../../daemons/shared/model/objects.ts';
import { idOf, record } from '../../fixtures/records.ts';

const records = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => record(from + n));
const sizes = (slices: Iterable<Slice>) => [...slices].map(({ put, drop }) => [put.length, drop.length]);

t.test('a change: what is dropped goes with the last slice', async (t) => {
  t.same(sizes(slicesOf([], [])), [[0, 0]]);
  t.same(sizes(slicesOf(records(0, sliceRecords), [keyOf(record(999))])), [[sliceRecords, 1]]);
  t.same(sizes(slicesOf(records(0, sliceRecords + 1), [keyOf(record(999)), 'service/x'])), [
    [sliceRecords, 0],
    [1, 1],
  ]);
});

t.test('a large change brings containers of a service together', async (t) => {
  const mixed = records(0, 400).map((one, n) => ({ ...one, labels: { 'io.rancher.stack.name': `s${n % 2}` } }));
  const inOrder = [...slicesOf(mixed, [])].flatMap(({ put }) => put.map((one) => ('labels' in one ? one.labels : {})));
  const turns = inOrder.filter(
    (labels, at) => at > 0 && inOrder[at - 1]!['io.rancher.stack.name'] !== labels['io.rancher.stack.name'],
  );
  t.equal(turns.length, 1);
});

t.test('a change of any size comes whole, in slices, and so does what goes', async (t) => {
  const [put, keys] = [records(0, 7_000), records(7_000, 7_500).map(keyOf)];
  const slices = [...slicesOf(put, keys)];
  t.ok(slices.every((one) => one.put.length <= sliceRecords && one.drop.length <= sliceRecords));
  t.same(new Set(slices.flatMap((one) => one.put)), new Set(put));
  t.same(
    slices.flatMap((one) => one.drop.map(({ id }) => id)),
    records(7_000, 7_500).map(({ id }) => id),
  );
});

t.test('a full set: what was said before and is not in it goes, in slices too', async (t) => {
  const set = new Map<Key, ReturnType<typeof record>>(records(0, 200).map((one) => [keyOf(one), one]));
  t.same(sizes(slicesOfSet(set, records(100, 250))), [
    [sliceRecords, 0],
    [200 - sliceRecords, 50],
  ]);
  const many = [...slicesOfSet(new Map(), records(0, 1_000))];
  t.ok(many.every(({ drop }) => drop.length <= sliceRecords));
  t.same(new Set(many.flatMap(({ drop }) => drop.map(({ id }) => id))), new Set(records(0, 1_000).map(({ id }) => id)));
  const looks = [...slicesOfSet(new Map(records(0, 7_000).map((one) => [keyOf(one), one])), records(0, 7_001))];
  t.same(
    looks.flatMap(({ drop }) => drop.map(({ id }) => id)),
    [idOf(7_000)],
  );
  t.ok(looks.length >= 7_000 / sliceRecords + 2, 'looking takes turns of its own');
});
