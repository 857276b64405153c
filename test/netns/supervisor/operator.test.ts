// What an operator does with a suite that runs: looks at logs and events, sets levels, restarts a daemon.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { isRoot, until } from '../support/namespaces.ts';
import { isAlive, kill, makeHome } from './support.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

t.setTimeout(120_000);

t.test('restart, loglevel, logs and events', async (t) => {
  const home = makeHome(t);
  const supervisor = home.supervise();
  const before = await home.allReady();

  const restarted = home.corral(['restart', 'dns']);
  t.match(restarted, { code: 0, out: /^dns: ready in [\d.]+ s, process \d+ instead of \d+\n$/ }, restarted.err);
  const after = await home.allReady();
  t.not(after.dns, before.dns);
  t.notOk(isAlive(before.dns!));
  t.equal(after.metadata, before.metadata);
  const told = (await home.status()).daemons.find(({ name }) => name === 'dns');
  t.match(told, { restarts: 1, lastEnd: 'exited with code 0' }, 'it ended in order');
  t.type(told?.cpuSeconds, 'number');
  t.match(home.corral(['restart', 'dnss']), { code: 1, err: 'TARGET_UNKNOWN: restart dnss' });
  t.match(home.corral(['restart']), { code: 2, err: 'USAGE' });

  t.match(home.corral(['loglevel', 'dns']), { code: 0, out: 'dns: info\n' });
  t.match(home.corral(['loglevel', 'dns', 'debug', '--json']), { code: 0, out: '{"daemon":"dns","level":"debug"}\n' });
  t.match(home.corral(['loglevel', 'dns']), { out: 'dns: debug\n' });
  t.match(home.corral(['loglevel', 'dns', 'loud']), { code: 2, err: 'USAGE: set the log level "loud"' });

  const logs = home.corral(['logs', 'dns']);
  t.equal(logs.code, 0, logs.err);
  t.match(logs.out, /Z {2}info {3}dns {14}daemon\.stopping {2}stopping; what it made in the kernel stays\n/);
  t.match(home.corral(['logs', 'dns', '--level', 'error']).out, /^$/);
  const lines = home.corral(['logs', '--json', '-n', '4']).out.trim().split('\n');
  t.equal(lines.length, 4);
  t.ok(lines.every((line) => typeof JSON.parse(line).time === 'string'));
  t.match(home.corral(['logs', 'overlya']), { code: 1, err: 'did you mean overlay?' });

  const events = home.corral(['events']);
  t.equal(events.code, 0, events.err);
  t.match(events.out, /Z {2}info {2}daemon dns: ready\n/);

  await t.test('what comes is followed', async (t) => {
    const follow = (...args: string[]) => {
      const main = new URL('../../../daemons/supervisor/cli/main.ts', import.meta.url).pathname;
      const child = spawn('ip', ['netns', 'exec', home.netns.name, process.execPath, main, ...args], {
        env: { ...process.env, CORRAL_ROOT: home.root },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      t.teardown(() => void child.kill('SIGKILL'));
      let text = '';
      child.stdout.on('data', (chunk) => {
        text += chunk;
      });
      return { child, text: () => text };
    };
    const followed = [follow('events', '--follow'), follow('logs', '-f', 'overlay')];
    await until(20_000, 'both show what was', () => followed.every(({ text }) => text() !== ''));
    const { overlay } = await home.allReady();
    kill(overlay!, 'SIGKILL');
    await until(
      20_000,
      'the event comes',
      () =>
        /warn {2}daemon overlay: .*SIGKILL/.test(followed[0]!.text()) ||
        /daemon overlay: starting/.test(followed[0]!.text()),
    );
    await until(20_000, 'the line comes', () => followed[1]!.text().split('daemon.starting').length > 2);
    followed[1]!.child.stdout.destroy();
    kill((await home.allReady()).overlay!, 'SIGKILL');
    await until(20_000, 'without a reader it ends', () => followed[1]!.child.exitCode !== null);
  });

  supervisor.kill('SIGKILL');
  await once(supervisor, 'exit');
  t.match(home.corral(['restart', 'dns']), { code: 3, err: 'NOT_RUNNING: ask the supervisor. it starts the daemons' });
  t.match(home.corral(['logs', 'dns', '-n', '1']), { code: 0 }, 'logs need nobody');
  t.match(home.corral(['events']), { code: 3, err: 'NOT_RUNNING' });
});
