import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { hasEtcd } from './store-etcd.ts';
import { blocksOf, containersOf, hostsOf, pairOf, record, type StoreHost, see, untilHealth } from './store-hosts.ts';

if (!isRoot || !hasEtcd()) {
  t.plan(0, 'needs root and etcd');
  process.exit(0);
}

const soon = 30_000;

const linesOf = (host: StoreHost): number => host.daemon().log.length;

t.test('etcd stopped: all goes on, and what changed meanwhile is everywhere when it is back', async (t) => {
  const { site, one, two } = await pairOf(t);
  const before = linesOf(one);
  await site.etcd.stop();
  await untilHealth(one, 'degraded');
  await one.report([record(1, { name: 'a' }), record(3, { name: 'c' })]);
  await see(one, 'a,b,c');
  await sleep(6_000); // the time that the fault lasts, not a wait for anything
  t.same(hostsOf(one), ['node-1', 'node-2'], 'nobody is gone because the store is');
  t.same(containersOf(two), ['a', 'b']);
  t.ok(linesOf(one) - before <= 5, `${linesOf(one) - before} log lines`);
  await site.etcd.start();
  await see(two, 'a,b,c');
  t.same(hostsOf(two), ['node-1', 'node-2']);
  await untilHealth(one, 'ready');
});

/** Keys of the cluster in the host's own file. */
function journalOf(host: StoreHost): string[] {
  const file = new DatabaseSync(host.root.store, { readOnly: true });
  try {
    return file
      .prepare('SELECT key FROM cluster')
      .all()
      .map(({ key }) => String(key));
  } finally {
    file.close();
  }
}

t.test('a start without etcd serves the last known cluster and lets nobody delete on its word', async (t) => {
  const { site, one, two } = await pairOf(t);
  const blocks = blocksOf(one);
  await until(soon, 'the journal is written', () => journalOf(one).some((key) => key.includes('/containers/')));
  await site.etcd.stop();
  await one.daemon().kill('SIGKILL');
  await one.start();
  await see(one, 'a,b');
  await until(soon, 'a snapshot of the new life', () => one.snapshot()?.complete === false);
  t.same(hostsOf(one), ['node-1', 'node-2']);
  t.same(blocksOf(one), blocks);
  await two.report([]);
  await site.etcd.start();
  await see(one, 'a');
  await until(soon, 'complete', () => one.snapshot()?.complete);
});

t.test('etcd frozen: nobody is taken for dead, before or after', async (t) => {
  const { site, one } = await pairOf(t);
  const seen = new Set<string>();
  const look = setInterval(() => seen.add(hostsOf(one).join()), 20);
  t.teardown(() => clearInterval(look));
  site.etcd.signal('SIGSTOP');
  await untilHealth(one, 'degraded');
  await sleep(6_000); // longer than the leases last
  site.etcd.signal('SIGCONT');
  await untilHealth(one, 'ready');
  await sleep(1_000);
  clearInterval(look);
  t.same([...seen], ['node-1,node-2']);
});

for (const how of ['keys removed', 'data lost'] as const) {
  t.test(`etcd emptied, ${how}: nothing is deleted, all is written again`, async (t) => {
    const { site, one, two } = await pairOf(t);
    const blocks = blocksOf(one);
    const clusterId = (): string => JSON.parse(site.etcd.ctl('get', '/corral/v1/cluster', '--print-value-only')).id;
    const before = clusterId();
    const seen = new Set<string>();
    const look = setInterval(() => {
      for (const host of [one, two]) seen.add(`${containersOf(host)} ${hostsOf(host)} ${blocksOf(host)}`);
    }, 10);
    t.teardown(() => clearInterval(look));
    if (how === 'keys removed') site.etcd.ctl('del', '--prefix', '/');
    else {
      await site.etcd.wipe();
      await site.etcd.start();
    }
    const keys = (): number =>
      site.etcd.ctl('get', '--prefix', '/corral/v1/', '--keys-only').trim().split(/\n+/).length;
    await until(soon, `all keys are back: ${keys()}`, () => keys() === 10);
    for (const host of [one, two]) await untilHealth(host, 'ready');
    clearInterval(look);
    t.same([...seen], [`a,b node-1,node-2 ${blocks}`]);
    t.equal(clusterId(), before);
    await two.report([]);
    await see(one, 'a');
  });
}
