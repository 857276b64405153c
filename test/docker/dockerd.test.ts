// The helper itself: what it starts works, and what it leaves is nothing.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import t from 'tap';
import { isRoot, type TestScope } from '../netns/support/namespaces.ts';
import { startDocker } from './support/dockerd.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

t.test('containers run, survive a killed dockerd when asked, and nothing is left', async (t) => {
  const dir = mkdtempSync('/tmp/co-dk-');
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const ends: (() => void | Promise<void>)[] = [];
  const scope: TestScope = { teardown: (work) => void ends.unshift(work) };
  const engine = await startDocker(scope, { dir, args: ['--live-restore'] });
  const id = await engine.docker('run', '-d', '--net=none', engine.image, 'sleep', '1000');
  const pid = await engine.docker('inspect', '-f', '{{.State.Pid}}', id);
  t.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), id);
  await engine.kill();
  t.ok(existsSync(`/proc/${pid}`), 'the container outlives dockerd');
  await engine.start();
  t.equal(await engine.docker('exec', id, 'echo', 'hello'), 'hello');
  await engine.kill();
  for (const end of ends) await end();
  t.notOk(existsSync(`/proc/${pid}`), 'the container is gone');
  t.same(readdirSync(dir), [], 'no files are left');
  t.notMatch(readFileSync('/proc/self/mountinfo', 'utf8'), dir, 'no mounts are left');
});
