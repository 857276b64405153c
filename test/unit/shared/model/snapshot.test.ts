import t from 'tap';
import { keyOf, type SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import {
  changeBetween,
  isEmptyChange,
  noChange,
  objectsOf,
  Snapshot,
  splitKey,
} from '../../../../daemons/shared/model/snapshot.ts';
import { container, host, hostId } from '../../../fixtures/records.ts';

const keyed = (...objects: SnapshotObject[]) => new Map(objects.map((object) => [keyOf(object), object] as const));

t.test('a change makes a new snapshot and shares what it does not touch', async (t) => {
  const empty = Snapshot.empty(hostId);
  t.same([empty.revision, empty.complete, empty.count('container')], [0, false, 0]);
  const one = empty.apply({ put: [container(1), host()], drop: [] }, { revision: 5, complete: true });
  const two = one.apply(
    { put: [container(2)], drop: [keyOf(container(1)), 'container/nobody'] },
    { revision: 6, complete: true },
  );
  t.same(
    [...one.all('container')].map(({ name }) => name),
    ['c1'],
    'the old one is as it was',
  );
  t.same(
    [...two.all('container')].map(({ name }) => name),
    ['c2'],
  );
  t.equal(two.table('host'), one.table('host'), 'the same table object');
  t.not(two.table('container'), one.table('container'));
  t.equal(two.get('container', container(1).id), undefined);
  t.equal(two.revision, 6);
  t.equal(one.apply(noChange, { revision: 7, complete: false }).complete, false);
});

t.test('objects come kind by kind, as asked', async (t) => {
  const snapshot = Snapshot.empty(hostId).apply(
    { put: [container(1), host()], drop: [] },
    { revision: 1, complete: true },
  );
  t.same(
    [...objectsOf(snapshot)].map(({ kind }) => kind),
    ['host', 'container'],
  );
  t.same(
    [...objectsOf(snapshot, ['container'])].map(({ kind }) => kind),
    ['container'],
  );
});

t.test('differences are by content', async (t) => {
  const have = keyed(container(1), container(2), container(3));
  const want = keyed(container(1), container(2, { health: 'healthy' }), container(4));
  const change = changeBetween(have, want);
  t.same(change.put.map(keyOf), [keyOf(container(2)), keyOf(container(4))]);
  t.same(change.drop, [keyOf(container(3))]);
  t.ok(isEmptyChange(changeBetween(have, keyed(container(3), container(2), container(1)))));
  t.notOk(isEmptyChange(change));
});

t.test('ids may hold slashes', async (t) => {
  t.same(splitKey('block/corral/10.42.0.0/24'), { kind: 'block', id: 'corral/10.42.0.0/24' });
});
