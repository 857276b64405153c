import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { hasEtcd } from './store-etcd.ts';
import { blocksOf, containersOf, hostsOf, makeSite, pairOf, record, see, untilHealth } from './store-hosts.ts';

if (!isRoot || !hasEtcd()) {
  t.plan(0, 'needs root and etcd');
  process.exit(0);
}

const soon = 30_000;

t.test('compacted while a host was cut off: it reads all again', async (t) => {
  const { site, one, two } = await pairOf(t);
  one.cut(true);
  await untilHealth(one, 'degraded');
  for (let number = 3; number < 8; number += 1)
    await two.report([record(2, { name: 'b' }), record(number, { name: `n${number}` })]);
  const revision = /"revision":(\d+)/.exec(site.etcd.ctl('get', 'x', '-w', 'json'))![1]!;
  await until(soon, 'all is written', () => site.etcd.ctl('get', '--prefix', '/corral').includes('n7'));
  site.etcd.ctl('compact', revision);
  one.cut(false);
  await see(one, 'a,b,n7');
  await untilHealth(one, 'ready');
});

t.test('a host cut off while both sides change: both agree when it is back', async (t) => {
  const { one, two } = await pairOf(t);
  one.cut(true);
  await until(soon, 'the other one knows', () => hostsOf(two).join() === 'node-1 gone,node-2');
  t.same(containersOf(two), ['a', 'b'], 'its containers are there still');
  t.same(hostsOf(one), ['node-1', 'node-2'], 'who is cut off judges nobody');
  await one.report([record(1, { name: 'a2' })]);
  await two.report([record(2, { name: 'b2' })]);
  one.cut(false);
  for (const host of [one, two]) {
    await see(host, 'a2,b2');
    await until(soon, 'all alive', () => hostsOf(host).join() === 'node-1,node-2');
  }
});

t.test(
  'a host dies: gone at once, its containers after a while, its block at last; a host that returns lost nothing',
  async (t) => {
    const site = await makeSite(t);
    const store = 'joinWait: 1, lease: 5, dropAfter: 4, forgetAfter: 20';
    const [one, two, three] = [site.addHost(t, { store }), site.addHost(t, { store }), site.addHost(t, { store })];
    await Promise.all([one.start(), two.start(), three.start()]);
    await two.report([record(2, { name: 'b' })]);
    await three.report([record(3, { name: 'c' })]);
    await one.report([]);
    await see(one, 'b,c');
    const blocks = blocksOf(one);
    for (const host of [two, three]) await host.daemon().kill('SIGKILL');
    await until(soon, 'gone', () => hostsOf(one).join() === 'node-1,node-2 gone,node-3 gone');
    t.same(containersOf(one), ['b', 'c']);
    await see(one, '');
    t.same(blocksOf(one), blocks, 'blocks stay');
    await three.start();
    await see(one, 'c');
    t.same(blocksOf(one), blocks);
    await until(soon, 'forgotten', () => hostsOf(one).join() === 'node-1,node-3');
    t.same(
      blocksOf(one),
      blocks.filter((text) => !text.endsWith('node-2')),
    );
    t.notMatch(site.etcd.ctl('get', '--prefix', '/corral/v1/', '--keys-only'), two.snapshot()!.hostId);
    await two.start();
    await see(one, 'b,c');
  },
);

t.test('a process that pauses judges nobody by the time that it missed', async (t) => {
  const site = await makeSite(t);
  const store = 'joinWait: 1, lease: 5, dropAfter: 4';
  const [one, two] = [site.addHost(t, { store }), site.addHost(t, { store })];
  await Promise.all([one.start(), two.start()]);
  await one.report([]);
  await two.report([record(2, { name: 'b' })]);
  await see(one, 'b');
  const seen = new Set<string>();
  const look = setInterval(() => seen.add(`${hostsOf(one)} ${containersOf(one)}`), 20);
  t.teardown(() => clearInterval(look));
  one.daemon().process.kill('SIGSTOP');
  await sleep(12_000); // the pause itself
  one.daemon().process.kill('SIGCONT');
  await until(soon, 'joined again', () => hostsOf(two).join() === 'node-1,node-2');
  await untilHealth(one, 'ready');
  t.same([...seen], ['node-1,node-2 b']);
});
