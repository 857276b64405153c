import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import t from 'tap';
import { openClient } from '../../../../../daemons/shared/effects/docker/client.ts';
import { FakeEngine } from '../../../../fakes/docker-engine.ts';

t.test('a client without the packages that local sockets do not need', async (t) => {
  const dir = mkdtempSync('/tmp/co-dc-');
  t.teardown(() => rmSync(dir, { recursive: true }));
  const engine = new FakeEngine(join(dir, 's'));
  await engine.start();
  t.teardown(() => engine.stop());
  const client = await openClient(engine.socketPath, 5_000);
  t.same(await client.listContainers(), []);
  const { agent } = client.modem as unknown as { agent: object };
  t.ok(inspect(agent, { showHidden: true, depth: null }).length < 40, 'rendered for each request');
});

t.test('what is left out is left out for dockerode alone, and only while it loads', async (t) => {
  const home = new URL('../../../../../daemons/shared/effects/docker/client.ts', import.meta.url);
  const script = `
    import { openClient } from ${JSON.stringify(home.href)};
    import { createRequire } from 'node:module';
    await openClient('/nowhere/s', 1_000).catch(() => undefined);
    const require = createRequire(${JSON.stringify(home.href)});
    const loaded = Object.keys(require.cache).filter((path) => /node_modules.(ssh2|@grpc|tar-fs)./.test(path));
    console.log(JSON.stringify({ loaded, ssh: typeof require('ssh2').Client }));`;
  const told = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  t.same(JSON.parse(told), { loaded: [], ssh: 'function' });
});
