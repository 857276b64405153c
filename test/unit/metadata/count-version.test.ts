import t from 'tap';
import { countVersion } from '../../../daemons/metadata/count-version.ts';
import { container } from '../../fixtures/records.ts';
import { World } from './world.ts';

t.test('a large set is counted in turns, to the version that small ones lead to', async (t) => {
  const all = Array.from({ length: 6_000 }, (_, n) => container(n));
  const [large, small] = [new World([]), new World([])];
  large.become(all);
  for (let at = 0; at < all.length; at += 3_000) small.become(all.slice(0, at + 3_000));
  t.equal(large.catalog.countVersion(1), false, 'it was left for later');
  await countVersion(large.catalog);
  t.equal(large.catalog.countVersion(1), true);
  large.become([]);
  large.become(all);
  t.equal(large.catalog.countVersion(1), true, 'after the start nothing is left for later');
  t.equal(large.catalog.version, small.catalog.version);
});
