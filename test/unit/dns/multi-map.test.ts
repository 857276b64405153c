import t from 'tap';
import { MultiMap } from '../../../daemons/dns/multi-map.ts';

t.test('keeps each value of a key once, in the order of arrival', async (t) => {
  const map = new MultiMap<string, string>();
  for (const value of ['one', 'two', 'one', 'three']) map.add('a', value);
  map.add('b', 'one');
  map.add('b', 'one');
  t.same([map.get('a'), map.get('b'), map.get('c')], [['one', 'two', 'three'], ['one'], []]);
  t.same([map.size, [...map.keys()], map.has('a'), map.has('c')], [2, ['a', 'b'], true, false]);
});

t.test('a key without values is gone', async (t) => {
  const map = new MultiMap<string, number>();
  for (const value of [0, 1]) map.add('a', value);
  map.add('b', 0);
  map.remove('b', 7);
  t.same(map.get('b'), [0]);
  for (const key of ['a', 'b', 'c']) map.remove(key, 0);
  t.same([map.get('a'), map.get('b'), map.size], [[1], [], 1]);
  map.remove('a', 1);
  t.equal(map.size, 0);
});

t.test('what was read is not changed by what happens to the map', async (t) => {
  const map = new MultiMap<string, number>();
  for (const value of [1, 2]) map.add('a', value);
  for (const value of map.get('a')) map.remove('a', value);
  t.notOk(map.has('a'));
  map.add('a', 3);
  map.clear();
  t.equal(map.size, 0);
});
