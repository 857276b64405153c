import t from 'tap';
import { chooseOrphans, findUnleased, type SeenLink } from '../../../../daemons/network-manager/links/orphans.ts';
import { lease } from '../attachments/support.ts';

const link = (at: number, given: Partial<SeenLink> = {}): SeenLink => ({
  index: at,
  name: `vethr${at}`,
  kind: 'veth',
  alias: `corral:corral:container${at}:eth0`,
  ...given,
});
const old = (links: SeenLink[]) => findUnleased(links, [], findUnleased(links, [], new Map(), 0).since, 120_000).old;

t.test('seen twice and old', async (t) => {
  const links = [link(1)];
  const first = findUnleased(links, [], new Map(), 1_000);
  t.same(first.old, []);
  t.same(findUnleased(links, [], new Map(), 1_000_000).old, [], 'never at first sight');
  t.same(findUnleased(links, [], first.since, 120_999).old, []);
  t.same(findUnleased(links, [], first.since, 121_000).old, links);
  const gone = findUnleased([], [], first.since, 60_000);
  t.same(findUnleased(links, [], gone.since, 300_000).old, [], 'a link that was gone meanwhile is new');
  t.same(findUnleased([link(1, { alias: 'corral:corral:other:eth0' })], [], first.since, 300_000).old, []);
});

t.test('a lease protects, and what is not ours is not looked at', async (t) => {
  const leased = link(1, { name: lease().hostVeth ?? '' });
  t.same(findUnleased([leased], [lease()], new Map(), 0).since.size, 0);
  t.same(findUnleased([leased], [lease({ phase: 'reserved' })], new Map(), 0).since.size, 0);
  const strangers = [
    link(1, { alias: undefined }),
    link(2, { alias: 'somebody' }),
    link(3, { alias: 'corral:corral' }),
    link(4, { name: 'veth12ab' }),
    link(5, { kind: 'bridge' }),
  ];
  t.same(old(strangers), []);
});

t.test('few at a time', async (t) => {
  const many = Array.from({ length: 100 }, (_, at) => link(at));
  const most = (links: SeenLink[]): number => findUnleased(links, [], new Map(), 0).most;
  t.equal(most(many), 5);
  t.equal(most(many.slice(0, 10)), 2);
  t.equal(most(many.slice(0, 1)), 1);
  t.equal(old(many).length, 100, 'one that may not go does not keep another from going');
});

t.test('known to no engine, and only if all of them answered', async (t) => {
  const links = [link(1), link(2)];
  t.same(chooseOrphans(links, [['container1'], ['x']]), [link(2)]);
  t.same(chooseOrphans(links, undefined), [], 'one did not answer');
  t.same(chooseOrphans(links, [[], []]), [], 'they list nothing');
  t.same(chooseOrphans(links, []), links, 'there are none');
});
