import t from 'tap';
import { SharedMap } from '../../../../daemons/shared/model/shared-map.ts';

t.test('behaves as a map that never changes', async (t) => {
  let shared = new SharedMap<number>();
  const plain = new Map<string, number>();
  const versions: [SharedMap<number>, Map<string, number>][] = [];
  for (let round = 0; round < 50; round += 1) {
    const changes = Array.from({ length: 40 }, (_, n) => {
      const key = `k${(round * 31 + n * 17) % 300}`;
      return [key, (round + n) % 5 === 0 ? undefined : round * 100 + n] as const;
    });
    shared = shared.with(changes);
    for (const [key, value] of changes) value === undefined ? plain.delete(key) : plain.set(key, value);
    versions.push([shared, new Map(plain)]);
  }
  for (const [map, want] of versions) {
    t.equal(map.size, want.size);
    t.same(new Map([...map.keys()].map((key) => [key, map.get(key)])), want);
    t.same([...map.values()].sort(), [...want.values()].sort());
  }
});

t.test('the same map when nothing differs', async (t) => {
  const map = new SharedMap<number>().with([['a', 1]]);
  t.equal(map.with([['a', 1]]), map);
  t.equal(map.with([['b', undefined]]), map);
  t.equal(map.with([]), map);
  const again = map.with([
    ['b', 1],
    ['b', undefined],
  ]);
  t.same([...again.keys()], ['a']);
  t.equal(again.size, 1);
});

t.test('keys are data', async (t) => {
  const map = new SharedMap<number>().with(
    ['', '__proto__', 'constructor', '\ud800', 'é'].map((key, n) => [key, n] as const),
  );
  t.equal(map.get('__proto__'), 1);
  t.equal(map.has('toString'), false);
  t.equal(map.size, 5);
});

t.test('keys that differ from an earlier map', async (t) => {
  const before = new SharedMap<number>().with([
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ]);
  t.same([...before.keysUnlike(before)], []);
  const after = before.with([
    ['a', 9],
    ['b', undefined],
    ['d', 4],
  ]);
  t.same([...after.keysUnlike(before)].sort(), ['a', 'b', 'd']);
  t.same([...before.keysUnlike(new SharedMap())].sort(), ['a', 'b', 'c']);
});

t.test('a map that grows and shrinks keeps every entry, and its older states theirs', async (t) => {
  let map = new SharedMap<number>();
  const states: [SharedMap<number>, number][] = [[map, 0]];
  for (let n = 0; n < 40_000; n += 500) {
    map = map.with(Array.from({ length: 500 }, (_, at) => [`key-${n + at}`, n + at] as const));
    states.push([map, n + 500]);
  }
  for (const [state, size] of states) {
    t.equal(state.size, size);
    t.same([state.get(`key-${size - 1}`), state.get(`key-${size}`)], [size > 0 ? size - 1 : undefined, undefined]);
  }
  t.same(new Set(map.values()).size, 40_000);
  const [small, large] = [states[1]![0], map];
  t.equal([...large.keysUnlike(small)].length, 39_500, 'whatever the number of buckets');
  t.equal([...small.keysUnlike(large)].length, 39_500);
  const one = map.with([['key-7', -1]]);
  t.same([...one.keysUnlike(map)], ['key-7']);
  const none = map.with([...map.keys()].map((key) => [key, undefined] as const));
  t.same([none.size, [...none.values()]], [0, []]);
});

t.test('values that know their keys: the same map as by pairs, few or many at once', async (t) => {
  const values = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => ({ id: `k${from + n}` }));
  const idOf = ({ id }: { id: string }) => id;
  const all = values(0, 20_000);
  const bulk = new SharedMap<{ id: string }>().withValues([], all, idOf);
  const pairs = new SharedMap<{ id: string }>().with(all.map((one) => [one.id, one] as const));
  t.equal(bulk.size, 20_000);
  t.same([...bulk.keysUnlike(pairs)], []);
  const less = bulk.withValues(['k3', 'nobody'], [{ id: 'k4' }, { id: 'new' }], idOf);
  t.same([...less.keysUnlike(bulk)].sort(), ['k3', 'k4', 'new']);
  t.equal(less.size, 20_000);
  t.equal(bulk.has('k3'), true, 'the one before stays');
  t.equal(less.withValues(['nobody'], [less.get('k5')!], idOf), less);
  t.equal(new SharedMap<{ id: string }>().withValues([], [], idOf).size, 0);
});
