import t from 'tap';
import { sliceRecords } from '../../../daemons/metadata/said.ts';
import { type Revision, State } from '../../../daemons/metadata/state.ts';
import type { RecordChange } from '../../../daemons/metadata/store/store.ts';
import { keyOf } from '../../../daemons/shared/model/objects.ts';
import { clusterId, host, hostId, otherHostId, record } from '../../fixtures/records.ts';

const make = () => {
  const remembered: RecordChange[] = [];
  const revisions: Revision[] = [];
  const state = new State({ clusterId, hostId, remember: (changes) => remembered.push(...changes) });
  state.onRevision((revision) => revisions.push(revision));
  return { state, remembered, revisions };
};
const many = (count: number) =>
  new Map(Array.from({ length: count }, (_, n) => [keyOf(record(n)), record(n)] as const));

t.test('changes of one turn are one revision, acknowledged when they are in', async (t) => {
  const { state, revisions } = make();
  const all = await Promise.all([1, 2, 3].map((number) => state.change('a', [record(number)], [])));
  t.same(
    all.map(({ revision }) => revision),
    [1, 1, 1],
  );
  t.equal(revisions.length, 1);
  t.equal(state.snapshot.count('container'), 3);
  t.same(await state.change('a', [record(1)], []), { revision: 1, overflow: [] }, 'nothing new, no revision');
  t.equal(revisions.length, 1);
});

t.test('complete only after the full set of network-manager, and with its last slice', async (t) => {
  const { state, revisions } = make();
  await state.replace('overlay', new Map());
  t.equal(state.snapshot.complete, false);
  const { revision } = await state.replace('network-manager', many(12 * sliceRecords));
  t.equal(state.snapshot.complete, true);
  t.equal(revision, state.snapshot.revision);
  t.same(
    revisions.map(({ snapshot }) => [snapshot.count('container'), snapshot.complete]),
    Array.from({ length: 12 }, (_, n) => [(n + 1) * sliceRecords, n === 11]),
  );
  await state.replace('network-manager', new Map());
  t.equal(state.snapshot.complete, true, 'and stays so');
  t.equal(state.snapshot.count('container'), 0);
});

t.test('an empty full set makes complete without any other change', async (t) => {
  const { state, revisions } = make();
  await state.replace('network-manager', new Map());
  t.same(
    revisions.map(({ snapshot, change }) => [snapshot.complete, change]),
    [[true, { put: [], drop: [] }]],
  );
});

t.test('what is recalled is served, then replaced by what the source says', async (t) => {
  const { state, remembered } = make();
  void state.recall([1, 2].map((number) => ({ source: 'network-manager', record: record(number) })));
  await state.settled();
  t.equal(state.snapshot.count('container'), 2);
  t.equal(state.snapshot.complete, false);
  t.same(remembered, [], 'the store knows it already');
  await state.replace('network-manager', new Map([[keyOf(record(2)), record(2)]]));
  t.same(
    [...state.snapshot.all('container')].map(({ name }) => name),
    ['c2'],
  );
  t.same(remembered, [{ source: 'network-manager', key: keyOf(record(1)), record: undefined }]);
});

t.test('nobody else speaks for the own host; other hosts come and go with their source', async (t) => {
  const { state } = make();
  state.setOwn([host()]);
  await state.change('overlay', [host({ name: 'liar' }), host({ id: otherHostId, name: 'node-2' })], []);
  t.equal(state.snapshot.get('host', hostId)?.name, 'node-1');
  t.equal(state.snapshot.get('host', otherHostId)?.name, 'node-2');
  await state.change('overlay', [], [`host/${otherHostId}`, `host/${hostId}`]);
  t.equal(state.snapshot.count('host'), 1);
});

t.test('own objects are replaced by difference', async (t) => {
  const { state, revisions } = make();
  state.setOwn([host()]);
  await state.settled();
  state.setOwn([host()]);
  await state.settled();
  t.equal(revisions.length, 1);
  state.setOwn([host({ name: 'renamed' })]);
  await state.settled();
  t.same(revisions[1]?.change, { put: [host({ name: 'renamed' })], drop: [] });
});

t.test('a host that is declared no more, and reported in the same turn, is put once', async (t) => {
  const { state, revisions } = make();
  const reported = host({ id: otherHostId, name: 'node-2' });
  await state.change('overlay', [reported], []);
  state.setOwn([host(), host({ id: otherHostId, name: 'declared' })]);
  await state.settled();
  state.setOwn([host()]);
  await state.change('overlay', [{ ...reported, labels: { again: 'yes' } }], []);
  t.same(
    revisions.at(-1)!.change.put.map(({ id }) => id),
    [otherHostId],
  );
  t.match(state.snapshot.get('host', otherHostId), { name: 'node-2', labels: { again: 'yes' } });
});
