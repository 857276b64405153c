import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';
import { factsOf, identify, isRunning, signal } from '../../../daemons/supervisor/processes.ts';

t.test('a process is itself as long as it runs', async (t) => {
  // The odd name shows that the fields are counted from the end of it.
  const program = join(t.testdir({ 'a) b (c': t.fixture('symlink', '/bin/sleep') }), 'a) b (c');
  const child = spawn(program, ['100'], { stdio: 'ignore' });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  const found = identify(child.pid!);
  t.ok(found && isRunning(found));
  if (!found) return;
  t.equal(isRunning({ ...found, startTicks: found.startTicks + 1 }), false, 'a later owner of the pid is another');
  const facts = factsOf(found);
  t.ok(facts.uptime < 60);
  t.ok((facts.rss ?? 0) > 0 || process.getuid?.() !== 0);
  signal({ ...found, startTicks: 0 }, 'SIGKILL');
  t.ok(isRunning(found), 'a stranger is not hit');
  signal(found, 'SIGKILL');
  await once(child, 'exit');
  t.equal(identify(child.pid!), undefined);
  t.doesNotThrow(() => signal(found, 'SIGKILL'));
});

t.test('the dead that nobody buried are dead', async (t) => {
  const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 100'], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.teardown(() => parent.kill('SIGKILL'));
  const [said] = (await once(parent.stdout, 'data')) as [Buffer];
  const deadline = performance.now() + 5_000;
  while (identify(Number(said)) && performance.now() < deadline) await new Promise(setImmediate);
  t.equal(identify(Number(said)), undefined);
});
