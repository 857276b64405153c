import { execFileSync } from 'node:child_process';
import t from 'tap';
import { callRaw } from '../../daemons/shared/source/call.ts';
import { corralCommand } from '../../daemons/supervisor/lab/environment.ts';
import { startDaemon } from '../netns/metadata/daemon.ts';
import { exec, isRoot, until } from '../netns/support/namespaces.ts';
import { hasEtcd } from './store-etcd.ts';
import {
  type Answer,
  ask,
  blocksOf,
  containersOf,
  makeSite,
  networksOf,
  quietPair,
  record,
  send,
  untilHealth,
} from './store-hosts.ts';

if (!isRoot || !hasEtcd()) {
  t.plan(0, 'needs root and etcd');
  process.exit(0);
}

const soon = 30_000;

t.test('one host moves into a cluster with all that it has, and back as text', async (t) => {
  const site = await makeSite(t);
  const alone = site.addHost(t, { name: 'first', store: 'joinWait: 60' });
  const etcd = `store: { kind: etcd, endpoints: ['${site.etcd.endpoint}'], lease: 3 }`;
  alone.root.configure('host: { name: first }\nengines: []\n');
  await alone.start();
  await alone.report([record(1, { name: 'a' })]);
  await until(soon, 'seen', () => containersOf(alone).join() === 'a');
  const before = [blocksOf(alone), [...alone.snapshot()!.all('environment')]];
  for (const method of ['POST', 'DELETE'] as const)
    await t.rejects(send(alone, method, '/v1/networks?name=corral', { name: 'x', subnet: '10.7.0.0/16' }), {
      code: 'CONFIG_DECIDES',
    });
  await t.rejects(send(alone, 'POST', '/v1/store/migrate', {}), { code: 'CONFIG_DECIDES' });
  await t.rejects(send(alone, 'POST', '/v1/store/migrate', { endpoints: ['ftp://x'] }), { code: 'USAGE' });
  const text = (await callRaw(alone.root.metadataSocket, '/v1/store/export')).text;
  t.match(text, /^\{"corral":"export","format":1/);
  alone.root.configure(`host: { name: first }\n${etcd}\nengines: []\n`);
  t.match(await send(alone, 'POST', '/v1/store/migrate', {}), { networks: 1, blocks: 1, records: 2 });
  await alone.daemon().kill('SIGTERM');
  await alone.start();
  await untilHealth(alone, 'ready');
  await until(soon, 'as before', () => containersOf(alone).join() === 'a' && blocksOf(alone).length === 1);
  t.same([blocksOf(alone), [...alone.snapshot()!.all('environment')]], before);
  await t.rejects(send(alone, 'POST', '/v1/store/migrate', {}), { code: 'CLUSTER_MISMATCH' });
  const two = site.addHost(t);
  await two.start();
  await until(soon, 'seen', () => containersOf(two).join() === 'a');
  await until(soon, 'joined', async () => (await ask(two, '/v1/store')).state === 'joined');
  const lines = (await callRaw(two.root.metadataSocket, '/v1/store/export')).text;
  t.notMatch(lines, /alive/);
  const imported = await callRaw(two.root.metadataSocket, '/v1/store/import', { method: 'POST' });
  t.equal(imported.status, 400, 'nothing is no export');
  const post = (body: string): Answer =>
    JSON.parse(
      exec(
        two.ns,
        'curl',
        [
          '-sS',
          '-m',
          '10',
          '--unix-socket',
          two.root.metadataSocket,
          '--data-binary',
          '@-',
          'http://x/v1/store/import',
        ],
        body,
      ),
    );
  t.match(post(lines), { written: 0, kept: lines.trim().split('\n').length - 1, refused: 0 });
  t.match(
    post(
      `${lines}{"key":"networks/old","value":${JSON.stringify({ name: 'old', subnet: '10.77.0.0/16', block: 24, driver: 'none', isDefault: false })}}\n{"key":"alive/x"}\nrubbish\n`,
    ),
    {
      written: 1,
      refused: 2,
    },
  );
  await until(soon, 'imported', () => networksOf(two) === 'corral,old');
  t.match(post(lines.replace(/"clusterId":"[^"]{8}/, '"clusterId":"00000000')), { code: 'CLUSTER_MISMATCH' });
});

t.test('a host that was in no cluster waits at an empty store, until told not to', async (t) => {
  const site = await makeSite(t);
  const host = site.addHost(t, { store: 'joinWait: 600, lease: 3' });
  const daemon = startDaemon(t, host.ns, host.root);
  const state = (): Promise<Answer> => ask(host, '/v1/store').catch(() => undefined);
  await until(soon, 'waits', async () => (await state())?.state === 'waiting');
  t.match(await daemon.health(), { conditions: [{}, { code: 'CLUSTER_WAIT' }] });
  t.equal(site.etcd.ctl('get', '--prefix', '/corral', '--keys-only').trim(), '');
  const corral = (): string =>
    execFileSync(corralCommand, ['store', 'init', '--json'], {
      encoding: 'utf8',
      env: { ...process.env, CORRAL_ROOT: host.root.path },
      stdio: 'pipe',
    });
  const { clusterId } = JSON.parse(corral());
  await until(soon, 'joined', async () => (await state())?.state === 'joined');
  t.equal((await state()).clusterId, clusterId);
  t.throws(corral, { message: /CLUSTER_MISMATCH/ });
});

t.test('a member refuses another cluster, a host of its own with containers too', async (t) => {
  const { site, one } = await quietPair(t);
  await one.daemon().kill('SIGKILL');
  site.etcd.ctl(
    'put',
    '/corral/v1/cluster',
    JSON.stringify({ id: '0f0f0f0f-0000-4000-8000-000000000000', incarnation: '0f0f0f0f-0000-4000-8000-000000000001' }),
  );
  await one.start();
  await until(soon, 'refused', async () =>
    (await one.daemon().health()).conditions.find(({ code }) => code === 'CLUSTER_MISMATCH'),
  );
  t.equal(blocksOf(one).length, 2, 'what it knows is served');
});
