import t from 'tap';
import { ContentVersion } from '../../../daemons/metadata/content-version.ts';
import { container, host } from '../../fixtures/records.ts';

t.test('the content alone decides, not the way to it', async (t) => {
  const [a, b] = [new ContentVersion(), new ContentVersion()];
  const empty = a.text;
  t.match(empty, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  a.add(container(1));
  a.add(host());
  b.add(host());
  b.add(container(2));
  t.not(a.text, b.text);
  b.remove(container(2));
  b.add(container(1));
  t.equal(a.text, b.text);
  t.not(a.text, empty);
  b.remove(container(1));
  b.remove(host());
  t.equal(b.text, empty);
});

t.test('blocks are not shown and do not count', async (t) => {
  const version = new ContentVersion();
  const before = version.text;
  version.add({ kind: 'block', id: 'corral/10.42.0.0/24', network: 'corral', cidr: '10.42.0.0/24', hostId: 'x' });
  t.equal(version.text, before);
});

t.test('what is left for later counts as soon as somebody asks', async (t) => {
  const [now, later] = [new ContentVersion(), new ContentVersion()];
  for (const number of [1, 2, 3, 4]) {
    now.add(container(number));
    later.addLater(container(number));
  }
  now.remove(container(2));
  later.remove(container(2));
  t.equal(later.countSome(3), false);
  t.equal(later.text, now.text);
  t.equal(later.countSome(3), true);
  t.equal(later.text, now.text, 'nothing is counted twice');
});
