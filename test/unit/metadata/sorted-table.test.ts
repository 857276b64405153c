import t from 'tap';
import { SortedTable } from '../../../daemons/metadata/sorted-table.ts';

interface Thing {
  readonly name: string;
  readonly id: number;
}
const compare = (a: Thing, b: Thing): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id - b.id);
const make = () => new SortedTable<Thing>({ compare, nameOf: ({ name }) => name, uuidOf: ({ id }) => `u${id % 7}` });

t.test('few and many changes end in the same order and indexes', async (t) => {
  const things = Array.from({ length: 200 }, (_, id) => ({ name: `n${(id * 37) % 11}`, id }));
  const [one, many] = [make(), make()];
  for (const thing of things) one.change([], [thing]);
  many.change([], things);
  for (const thing of things.slice(50, 120)) one.change([thing], []);
  many.change(things.slice(50, 120), []);
  const want = [...things.slice(0, 50), ...things.slice(120)].sort(compare);
  t.same(one.items, want);
  t.same(many.items, want);
  for (const table of [one, many]) {
    t.same(
      table.withName('n3'),
      want.filter(({ name }) => name === 'n3'),
    );
    t.same(
      table.withUuid('u3'),
      want.filter(({ id }) => id % 7 === 3),
    );
    t.same(table.withName('nobody'), []);
  }
});

t.test('an object that is not in the table is not taken out', async (t) => {
  const table = make();
  const thing = { name: 'a', id: 1 };
  table.change([], [thing]);
  table.change([{ ...thing }], []);
  t.same(table.items, [thing]);
});

t.test('a pinned list stays as it is, whatever comes and goes', async (t) => {
  const table = make();
  const things = Array.from({ length: 400 }, (_, id) => ({ name: `n${(id * 37) % 101}`, id }));
  const has: Thing[] = [];
  const pins: [readonly Thing[], Thing[]][] = [];
  const check = () => {
    for (const [pinned, want] of pins) t.same(pinned, want);
  };
  for (let at = 0; at < 400; at += 40) {
    table.change([], things.slice(at, at + 40));
    has.push(...things.slice(at, at + 40));
    pins.push([table.pin(), [...has].sort(compare)]);
    table.change([has[at / 2]!], []);
    has.splice(at / 2, 1);
    check();
    t.same(table.items, [...has].sort(compare));
  }
});
