import t from 'tap';
import { PortBook } from '../../../../daemons/network-manager/ports/port-book.ts';
import type { Key, SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import { container, otherHostId, snapshotOf } from '../../support/snapshots.ts';

const port = ['0.0.0.0:8080:80/tcp'];
const a = container('a', '10.42.7.9', port);
const b = container('b', '10.42.7.10', ['0.0.0.0:8081:80/tcp']);
const keys = (book: PortBook): string[] => [...book.claims()].map(({ key }) => key).sort();

t.test('follows the snapshot, and tells when ports differ', async (t) => {
  const book = new PortBook();
  let snapshot = snapshotOf([a]);
  const next = (put: readonly SnapshotObject[], drop: readonly Key[] = []): boolean => {
    snapshot = snapshot.apply({ put, drop }, { revision: snapshot.revision + 1, complete: true });
    return book.take(snapshot);
  };
  t.ok(book.take(snapshot), 'the first');
  t.notOk(book.take(snapshot), 'the same');
  t.ok(next([b]), 'one more');
  t.same(keys(book), ['tcp/0.0.0.0:8080', 'tcp/0.0.0.0:8081']);
  t.notOk(next([{ ...b, health: 'healthy' }]), 'something else of a container');
  t.notOk(next([{ ...b, hostId: otherHostId, id: 'x' }]), "another host's container");
  t.ok(next([{ ...b, ips: ['10.42.7.11'] }]), 'another address');
  t.ok(next([{ ...b, ports: ['rubbish'] }]), 'no port any more');
  t.same(book.skipped, ['rubbish']);
  t.ok(next([{ ...a, state: 'stopped' }]));
  t.same(keys(book), []);
  t.notOk(next([], [`container/${a.id}`]), 'it had none any more');
  t.ok(next([a]));
  t.ok(next([], [`container/${a.id}`]), 'gone');
});

t.test('a snapshot that did not come from the last one', async (t) => {
  const book = new PortBook();
  book.take(snapshotOf([a, b]));
  t.notOk(book.take(snapshotOf([b, a])), 'the same containers, all made anew');
  t.ok(book.take(snapshotOf([b])));
  t.same(keys(book), ['tcp/0.0.0.0:8081']);
});

t.test('the sum of all changes is what is asked for', async (t) => {
  const book = new PortBook();
  book.take(snapshotOf([a, b]));
  const known = new Set(book.drain().come);
  t.same(book.drain(), { gone: [], come: [] });
  const twice = (ports: readonly string[]): void => {
    book.take(snapshotOf([container('a', '10.42.7.9', ports), b]));
  };
  twice(['0.0.0.0:1:80/tcp']);
  twice(['0.0.0.0:2:80/tcp', '0.0.0.0:3:80/tcp']);
  const { gone, come } = book.drain();
  t.ok(
    gone.every((claim) => known.has(claim)),
    'only what was told before goes',
  );
  for (const claim of gone) known.delete(claim);
  for (const claim of come) known.add(claim);
  t.same(new Set(book.claims()), known);
});
