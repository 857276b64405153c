import t from 'tap';
import { InOrder } from '../../../daemons/overlay/in-order.ts';
import { SharedMap } from '../../../daemons/shared/model/shared-map.ts';
import { randomFrom } from './support.ts';

interface Item {
  readonly id: string;
  readonly value: number;
}

const tableOf = (items: readonly Item[]): SharedMap<Item> =>
  new SharedMap<Item>().with(items.map((one) => [one.id, one]));

t.test('a record that comes, changes or goes is put in its place', async (t) => {
  const order = new InOrder<Item>();
  const [a, b, d] = ['a', 'b', 'd'].map((id, value) => ({ id, value }));
  const table = tableOf([d!, a!, b!]);
  t.same(order.of(table), [a, b, d]);
  t.equal(order.of(table), order.of(table), 'the same list for the same table');
  const c = { id: 'c', value: 9 };
  const next = table.with([
    ['c', c],
    ['b', { id: 'b', value: 7 }],
    ['d', undefined],
  ]);
  t.same(order.of(next), [a, { id: 'b', value: 7 }, c]);
  t.same(order.of(table), [a, b, d], 'and back');
});

t.test('whatever changes, it is the list that sorting gives', async (t) => {
  const random = randomFrom(7);
  const order = new InOrder<Item>();
  let table = tableOf([]);
  for (let round = 0; round < 300; round += 1) {
    // Now and then more at once than are moved one by one.
    const count = random() < 0.1 ? 200 : Math.floor(random() * 5);
    const changes = Array.from({ length: count }, (): [string, Item | undefined] => {
      const id = `id-${Math.floor(random() * 400)}`;
      return [id, random() < 0.4 ? undefined : { id, value: round }];
    });
    const held = order.of(table);
    const copy = [...held];
    table = table.with(changes);
    t.same(order.of(table), new InOrder<Item>().of(table), `round ${round}`);
    t.same(held, copy, 'who holds the former list is not disturbed');
  }
});
