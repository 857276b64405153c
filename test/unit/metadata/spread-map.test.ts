import t from 'tap';
import { SpreadMap } from '../../../daemons/metadata/spread-map.ts';

t.test('behaves as a map', async (t) => {
  const [spread, plain] = [new SpreadMap<number>(), new Map<string, number>()];
  for (let n = 0; n < 5_000; n += 1) {
    const key = n % 3 === 0 ? `name-${n % 700}.same.end` : `${n % 900}`;
    if (n % 5 === 0) t.equal(spread.delete(key), plain.delete(key));
    else {
      spread.set(key, n);
      plain.set(key, n);
    }
    if (spread.get(key) !== plain.get(key) || spread.has(key) !== plain.has(key)) t.fail(key);
  }
  t.equal(spread.size, plain.size);
  t.same([...spread.values()].sort(), [...plain.values()].sort());
});

t.test('keys are data, and values may be undefined', async (t) => {
  const map = new SpreadMap<string | undefined>();
  for (const key of ['', '__proto__', 'constructor', '\ud800']) map.set(key, key);
  map.set('none', undefined);
  t.equal(map.size, 5);
  t.equal(map.get('__proto__'), '__proto__');
  t.equal(map.has('none'), true);
  t.equal(map.has('toString'), false);
  t.equal(map.delete('none'), true);
  t.equal(map.size, 4);
});

t.test('what is deleted while it is walked is not missed by the rest', async (t) => {
  const map = new SpreadMap<number>();
  for (let n = 0; n < 1_000; n += 1) map.set(`k${n}`, n);
  const seen: number[] = [];
  for (const value of map.values()) {
    seen.push(value);
    map.delete(`k${value}`);
  }
  t.equal(new Set(seen).size, 1_000);
  t.equal(map.size, 0);
});
