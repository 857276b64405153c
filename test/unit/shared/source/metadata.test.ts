import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { treeRoute } from '../../../../daemons/metadata/tree-route.ts';
import { closeServer, listen, makeHttpServer } from '../../../../daemons/shared/daemon/http.ts';
import { MetadataClient } from '../../../../daemons/shared/source/metadata.ts';
import { World } from '../../metadata/world.ts';

async function connect(t: Test): Promise<MetadataClient> {
  const dir = mkdtempSync('/tmp/co-md-');
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const world = new World();
  const server = makeHttpServer({ routes: [treeRoute(world.catalog, world.trees)] });
  await listen(server, { path: join(dir, 's') });
  t.teardown(() => closeServer(server, 0));
  return new MetadataClient(join(dir, 's'));
}

t.test('answers in each format, as each caller', async (t) => {
  const client = await connect(t);
  const from = '10.42.1.10';
  t.equal(await client.read('/latest/self'), 'host/\n');
  t.equal(await client.read('/latest/self/container/name', 'text', { from }), 'web-front-1');
  t.equal(await client.read('/latest/self/service/links', 'json', { from }), '{"web/db":"MyDB"}');
  t.equal(await client.read('/latest/self/service/links', 'yaml', { from }), 'web/db: MyDB\n');
  t.same(await client.value('/latest/self/container/ips', { from }), ['10.42.1.10']);
});

t.test('what is not there, and what is wrong', async (t) => {
  const client = await connect(t);
  await t.rejects(client.read('/latest/nope'), { code: 'NAME_NOT_FOUND', message: 'read /latest/nope' });
  await t.rejects(client.read('/2000-01-01/x', 'yaml'), { code: 'NAME_NOT_FOUND' });
  t.equal(await client.value('/latest/self/container'), undefined);
  await t.rejects(client.read('/latest//self'), { code: 'USAGE' });
  await t.rejects(client.read('/latest', 'text', { from: 'nobody' }), { code: 'USAGE' });
  await t.rejects(new MetadataClient('/nowhere/s').read('/latest'), { code: 'NOT_RUNNING' });
});
