import { cpSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { makeRoot } from '../netns/metadata/daemon.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { hasEtcd } from './store-etcd.ts';
import {
  blocksOf,
  containersOf,
  hostsOf,
  makeSite,
  record,
  type Site,
  type StoreHost,
  untilHealth,
} from './store-hosts.ts';

if (!isRoot || !hasEtcd()) {
  t.plan(0, 'needs root and etcd');
  process.exit(0);
}

const soon = 30_000;

interface Pair {
  readonly site: Site;
  readonly one: StoreHost;
  readonly two: StoreHost;
}

/** Two hosts with a container each, which both see. */
async function pairOf(t: Test): Promise<Pair> {
  const site = await makeSite(t);
  const [one, two] = [site.addHost(t), site.addHost(t)];
  await Promise.all([one.start(), two.start()]);
  await one.report([record(1, { name: 'a' })]);
  await two.report([record(2, { name: 'b' })]);
  for (const host of [one, two]) await see(host, 'a,b');
  return { site, one, two };
}

async function see(host: StoreHost, names: string): Promise<void> {
  await until(soon, `${host.name} sees ${names}, not ${containersOf(host)}`, () => containersOf(host).join() === names);
}

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
    const store = 'joinWait: 1, lease: 3, dropAfter: 4, forgetAfter: 14';
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
  const store = 'joinWait: 1, lease: 3, dropAfter: 4';
  const [one, two] = [site.addHost(t, { store }), site.addHost(t, { store })];
  await Promise.all([one.start(), two.start()]);
  await one.report([]);
  await two.report([record(2, { name: 'b' })]);
  await see(one, 'b');
  const seen = new Set<string>();
  const look = setInterval(() => seen.add(`${hostsOf(one)} ${containersOf(one)}`), 20);
  t.teardown(() => clearInterval(look));
  one.daemon().process.kill('SIGSTOP');
  await sleep(9_000); // the pause itself
  one.daemon().process.kill('SIGCONT');
  await until(soon, 'joined again', () => hostsOf(two).join() === 'node-1,node-2');
  await untilHealth(one, 'ready');
  t.same([...seen], ['node-1,node-2 b']);
});

t.test('a copied state directory is refused, and both are named', async (t) => {
  const { site, one, two } = await pairOf(t);
  const root = makeRoot(t);
  await one.daemon().kill('SIGTERM');
  cpSync(dirname(one.root.store), dirname(root.store), { recursive: true });
  await one.start();
  await untilHealth(one, 'ready');
  const copy = site.addHost(t, { name: 'copy', root });
  await copy.start();
  const report = await until(soon, 'the copy is refused', async () => {
    const said = await copy.daemon().health();
    return said.conditions.find(({ code }) => code === 'HOST_CONFLICT');
  });
  t.match(report.text, /copy \(192\.168\.50\.13\).*node-1 \(192\.168\.50\.11\)/);
  t.notOk(report.degradesOnly);
  await until(soon, 'the copy uses no block of the other', () => blocksOf(copy).length === 1);
  t.same(hostsOf(two), ['node-1', 'node-2']);
  rmSync(root.path, { recursive: true, force: true });
});

t.test('hosts of one name are told, on both', async (t) => {
  const site = await makeSite(t);
  const [one, two] = [site.addHost(t, { name: 'twin' }), site.addHost(t, { name: 'twin' })];
  await Promise.all([one.start(), two.start()]);
  for (const host of [one, two]) {
    await until(soon, 'both say so', async () => {
      const said = await host.daemon().health();
      const conflict = said.conditions.find(({ code }) => code === 'HOST_CONFLICT');
      return (
        conflict?.degradesOnly &&
        /192\.168\.50\.11.*192\.168\.50\.12|192\.168\.50\.12.*192\.168\.50\.11/.test(conflict.text)
      );
    });
  }
});
