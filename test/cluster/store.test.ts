import t from 'tap';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { hasEtcd } from './store-etcd.ts';
import { blocksOf, containersOf, hostsOf, makeSite, record, untilHealth } from './store-hosts.ts';

if (!isRoot || !hasEtcd()) {
  t.plan(0, 'needs root and etcd');
  process.exit(0);
}

const soon = 30_000;

t.test('hosts of a new cluster know each other, and what runs on each', async (t) => {
  const site = await makeSite(t);
  const [one, two] = [site.addHost(t), site.addHost(t)];
  await Promise.all([one.start(), two.start()]);
  await Promise.all([untilHealth(one, 'ready'), untilHealth(two, 'ready')]);
  await one.report([record(1, { name: 'a' })]);
  await two.report([record(2, { name: 'b' })]);
  for (const host of [one, two]) {
    await until(soon, `${host.name} sees all`, () => {
      const counts = [hostsOf(host).length, blocksOf(host).length];
      return containersOf(host).join() === 'a,b' && counts.join() === '2,2'; // they come in any order
    });
    t.same(hostsOf(host), ['node-1', 'node-2']);
  }
  // Who loses the lowest block to the other takes any of the next free ones.
  const blocks = new Set(blocksOf(one).map((text) => text.split(' ')[0]!));
  t.equal(blocks.size, 2, `${[...blocks]} are two`);
  for (const block of blocks) t.match(block, /^corral\/10\.42\.\d+\.0\/24$/);
  t.same(blocksOf(one), blocksOf(two), 'both say the same of the owners');
  t.ok(one.snapshot()?.complete && two.snapshot()?.complete);
  const revision = (): string => /"revision":(\d+)/.exec(site.etcd.ctl('get', 'x', '-w', 'json'))![1]!;
  const before = revision();
  await one.report([record(1, { name: 'a' })]);
  await until(soon, 'a new name has come', async () => {
    await two.report([record(2, { name: 'c' })]);
    return containersOf(one).join() === 'a,c';
  });
  t.equal(Number(revision()), Number(before) + 1, 'one change is one write, nothing changed is none');
});
