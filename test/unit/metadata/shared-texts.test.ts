import t from 'tap';
import { SharedTexts } from '../../../daemons/metadata/shared-texts.ts';
import { parseRecord } from '../../../daemons/shared/model/parse-record.ts';
import { record } from '../../fixtures/records.ts';

t.test('texts stay what they are, however many there were', async (t) => {
  const { share } = new SharedTexts();
  for (let n = 0; n < 40_000; n += 1) if (share(`value-${n}`) !== `value-${n}`) t.fail(`value-${n}`);
  t.equal(share(''), '');
  t.equal(share('x'.repeat(10_000)).length, 10_000);
});

t.test('a record read with shared texts is the same record', async (t) => {
  const one = record(1, { labels: { a: 'one', ['__proto__']: 'two' }, links: { db: 'x' }, ports: ['0.0.0.0:1:2/tcp'] });
  const again = JSON.parse(JSON.stringify(one));
  t.same(parseRecord(again, new SharedTexts().share), one);
  t.same(parseRecord(JSON.parse(JSON.stringify(record(2))), new SharedTexts().share), record(2));
});
