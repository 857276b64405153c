// F20: a daemon whose event loop is blocked for a minute is another process within 20 s, with the limits of every day.
import t from 'tap';
import { isAlive, kill, makeHome } from '../netns/supervisor/support.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

t.setTimeout(120_000);

t.test('a blocked event loop', async (t) => {
  const home = makeHome(t);
  home.supervise();
  const before = await home.allReady(30_000);
  kill(before.dns!, 'SIGUSR2');
  const blocked = performance.now();
  await until(60_000, 'the blocked process is ended', () => !isAlive(before.dns!));
  const judged = performance.now() - blocked;
  t.ok(judged > 14_000, `not early: ${judged} ms`);
  t.ok(judged <= 20_000, `in time: ${judged} ms`);
  const after = await until(60_000, 'another process is ready', async () => {
    const told = (await home.status()).daemons.find(({ name }) => name === 'dns');
    return told?.ready && told.pid !== before.dns ? told : undefined;
  });
  t.comment(
    `ended after ${(judged / 1_000).toFixed(1)} s, ready ${((performance.now() - blocked) / 1_000).toFixed(1)} s`,
  );
  t.match(after, { restarts: 1, lastEnd: 'was killed by SIGKILL' });
  const { metadata, overlay } = await home.allReady(30_000);
  t.same([metadata, overlay], [before.metadata, before.overlay], 'the others are left alone');
});
