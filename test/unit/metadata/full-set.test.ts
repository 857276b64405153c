import t from 'tap';
import { FullSet } from '../../../daemons/metadata/full-set.ts';
import { keyOf } from '../../../daemons/shared/model/objects.ts';
import { host, record } from '../../fixtures/records.ts';

const inService = (number: number, service: string) =>
  record(number, { labels: { 'io.rancher.stack_service.name': `shop/${service}` } });

t.test('containers of a service come together, each once, as said last', async (t) => {
  const set = new FullSet();
  for (const one of [inService(1, 'front'), inService(2, 'db'), host(), inService(3, 'front'), record(4)]) set.add(one);
  set.add(record(2, { name: 'again' }));
  t.equal(set.size, 5);
  t.same(
    [...set.values()].map((one) => 'name' in one && one.name),
    ['c1', 'c3', 'again', 'node-1', 'c4'],
  );
});

t.test('it knows what is in it', async (t) => {
  const set = new FullSet();
  set.add(record(1));
  t.equal(set.has(keyOf(record(1))), true);
  t.equal(set.has(keyOf(record(2))), false);
  t.equal(set.has('service/x'), false, 'what no source reports');
});
