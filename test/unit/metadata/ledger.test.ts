import t from 'tap';
import { Ledger } from '../../../daemons/metadata/ledger.ts';
import { keyOf } from '../../../daemons/shared/model/objects.ts';
import { record } from '../../fixtures/records.ts';

t.test('only differences are changes', async (t) => {
  const ledger = new Ledger();
  t.same(ledger.change('a', [record(1), record(2)], []), [keyOf(record(1)), keyOf(record(2))]);
  t.same(ledger.change('a', [record(1), record(2, { name: 'x' })], [keyOf(record(3))]), [keyOf(record(2))]);
  t.same(ledger.change('a', [], [keyOf(record(1))]), [keyOf(record(1))]);
  t.equal(ledger.count('a'), 1);
  t.same(ledger.missing('a', new Set()), [keyOf(record(2))]);
  t.same(ledger.missing('a', new Set([keyOf(record(2))])), []);
});

t.test('of two sources the first by name counts, whichever spoke first', async (t) => {
  const ledger = new Ledger();
  const key = keyOf(record(1));
  ledger.change('zebra', [record(1, { name: 'z' })], []);
  t.match(ledger.get(key), { name: 'z' });
  ledger.change('ant', [record(1, { name: 'a' })], []);
  t.match(ledger.get(key), { name: 'a' });
  t.match(ledger.of('zebra', key), { name: 'z' });
  ledger.change('ant', [], [key]);
  t.match(ledger.get(key), { name: 'z' });
});
