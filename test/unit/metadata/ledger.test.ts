import t from 'tap';
import { Ledger } from '../../../daemons/metadata/ledger.ts';
import { keyOf } from '../../../daemons/shared/model/objects.ts';
import { record } from '../../fixtures/records.ts';

t.test('only differences are changes', async (t) => {
  const ledger = new Ledger();
  t.same(ledger.change('a', [record(1), record(2)], []).changed, [keyOf(record(1)), keyOf(record(2))]);
  t.same(ledger.change('a', [record(1), record(2, { name: 'x' })], [keyOf(record(3))]).changed, [keyOf(record(2))]);
  t.same(ledger.change('a', [], [keyOf(record(1))]).changed, [keyOf(record(1))]);
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

t.test('a source has room for so many, and drops make room first', async (t) => {
  const ledger = new Ledger();
  const keys = [1, 2, 3, 4].map((number) => keyOf(record(number)));
  t.same(ledger.change('a', [record(1), record(2), record(3)], [], 2), {
    changed: keys.slice(0, 2),
    refused: [keys[2]],
  });
  t.same(ledger.change('a', [record(1, { name: 'x' }), record(4)], [], 2), { changed: [keys[0]], refused: [keys[3]] });
  t.same(ledger.change('a', [record(4)], [keys[0]!], 2), { changed: [keys[0], keys[3]], refused: [] });
});
