import { cpSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import t from 'tap';
import { makeRoot } from '../netns/metadata/daemon.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { hasEtcd } from './store-etcd.ts';
import { blocksOf, hostsOf, makeSite, pairOf, untilHealth } from './store-hosts.ts';

if (!isRoot || !hasEtcd()) {
  t.plan(0, 'needs root and etcd');
  process.exit(0);
}

const soon = 30_000;

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
