import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Cluster } from '../../daemons/metadata/cluster/cluster.ts';
import { openSqliteStore } from '../../daemons/metadata/store/sqlite.ts';
import type { Store } from '../../daemons/metadata/store/store.ts';
import { parseConfig } from '../../daemons/shared/daemon/config.ts';
import { Health } from '../../daemons/shared/daemon/health.ts';
import { parseCidr4, renderCidr4 } from '../../daemons/shared/model/ipv4.ts';
import { until } from '../netns/support/namespaces.ts';
import { storeConformance } from '../unit/metadata/store/conformance.ts';
import { hasEtcd, startEtcd } from './store-etcd.ts';
import { quietLog } from './store-quiet-log.ts';

if (!hasEtcd()) {
  t.plan(0, 'needs etcd');
  process.exit(0);
}

/** A member of the cluster in that etcd; its file lies at `path`. */
async function openMember(endpoint: string, path: string): Promise<Store> {
  const text = `store: { kind: etcd, endpoints: ['${endpoint}'], joinWait: 0, lease: 3 }`;
  const { store: config } = parseConfig(text, {}, 'a test');
  const cluster = new Cluster({
    sqlite: openSqliteStore(path).store,
    path,
    config,
    bootId: 'boot',
    self: () => ({ name: 'a', agentIp: null }),
    health: new Health(),
    log: quietLog,
  });
  cluster.start();
  await cluster.joined;
  await until(30_000, 'joined', () => cluster.link.state === 'joined');
  return cluster.store;
}

const etcd = await startEtcd(t);

t.test('as every store', (t) =>
  storeConformance(t, (t) => {
    etcd.ctl('del', '--prefix', '/');
    const path = join(t.testdir({}), 'store.sqlite');
    return () => openMember(etcd.endpoint, path);
  }),
);

t.test('many members at once get blocks of their own', async (t: Test) => {
  etcd.ctl('del', '--prefix', '/');
  const paths = Object.keys(Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`host-${at}`, {}])));
  const home = t.testdir(Object.fromEntries(paths.map((name) => [name, {}])));
  const members = await Promise.all(paths.map((name) => openMember(etcd.endpoint, join(home, name, 'store.sqlite'))));
  t.equal(new Set(members.map(({ identity }) => identity.clusterId)).size, 1);
  const subnet = parseCidr4('10.42.0.0/20')!;
  const blocks = await Promise.all(members.map((member) => member.claimBlock('corral', subnet, 24)));
  t.equal(new Set(blocks.map(renderCidr4)).size, 12);
  for (const member of members.slice(0, 4)) await member.claimAnother('corral', subnet, 24);
  await t.rejects(members[5]!.claimAnother('corral', subnet, 24), { code: 'NO_BLOCK_LEFT' });
  const wish = { network: 'flat', subnet, exclude: new Set<never>(), ip: undefined };
  const claims = await Promise.all(members.map((member, at) => member.claimAddress({ ...wish, owner: `o${at}` })));
  t.equal(new Set(claims.map(({ ip }) => ip)).size, 12);
  await Promise.all(members.map((member) => member.close()));
});
