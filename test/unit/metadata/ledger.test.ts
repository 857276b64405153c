import t from 'tap';
import { Ledger, type LedgerChange } from '../../../daemons/metadata/ledger.ts';
import { keyOf } from '../../../daemons/shared/model/objects.ts';
import { idOf, record } from '../../fixtures/records.ts';

const ids = ({ changed }: LedgerChange) => changed.map(({ id }) => id);

t.test('only differences are changes', async (t) => {
  const ledger = new Ledger();
  t.same(ids(ledger.change('a', [record(1), record(2)], [])), [idOf(1), idOf(2)]);
  t.same(ids(ledger.change('a', [record(1), record(2, { name: 'x' })], [record(3)])), [idOf(2)]);
  t.same(ids(ledger.change('a', [], [record(1)])), [idOf(1)]);
  t.same([...ledger.all('a')], [record(2, { name: 'x' })]);
  t.same([...ledger.all('nobody')], []);
});

t.test('of two sources the first by name counts, whichever spoke first', async (t) => {
  const ledger = new Ledger();
  const ref = { kind: 'container', id: idOf(1) } as const;
  ledger.change('zebra', [record(1, { name: 'z' })], []);
  t.match(ledger.get(ref), { name: 'z' });
  ledger.change('ant', [record(1, { name: 'a' })], []);
  t.match(ledger.get(ref), { name: 'a' });
  t.match(ledger.of('zebra', ref), { name: 'z' });
  ledger.change('ant', [], [ref]);
  t.match(ledger.get(ref), { name: 'z' });
});

t.test('a source has room for so many, and drops make room first', async (t) => {
  const ledger = new Ledger();
  const first = ledger.change('a', [record(1), record(2), record(3)], [], 2);
  t.same([ids(first), first.refused], [[idOf(1), idOf(2)], [keyOf(record(3))]]);
  const second = ledger.change('a', [record(1, { name: 'x' }), record(4)], [], 2);
  t.same([ids(second), second.refused], [[idOf(1)], [keyOf(record(4))]]);
  const third = ledger.change('a', [record(4)], [record(1)], 2);
  t.same([ids(third), third.refused], [[idOf(1), idOf(4)], []]);
});
