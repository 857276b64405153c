// The port of the page as the real supervisor keeps it: one exposition of metrics for all, a port that is taken, a daemon that
// hangs or is gone.
import { spawn } from 'node:child_process';
import t from 'tap';
import { exec, isRoot, type Namespace, type TestScope, until } from '../support/namespaces.ts';
import { kill, makeHome } from './support.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

t.setTimeout(120_000);

const curl = (ns: Namespace, path: string, ...more: string[]): string =>
  exec(ns, 'curl', ['-s', '--max-time', '15', ...more, `http://127.0.0.1:9842${path}`]);

/** True while the page answers there. */
function answers(ns: Namespace, port: number): boolean {
  try {
    return exec(ns, 'curl', ['-s', '--max-time', '5', `http://127.0.0.1:${port}/healthz`]) === '{"ok":true}';
  } catch {
    return false;
  }
}

/** A program that holds the port; ended with the test or by the function returned. */
function holdPort(t: TestScope, ns: Namespace): () => void {
  const program = "require('node:net').createServer().listen(9842, '127.0.0.1')";
  const child = spawn('ip', ['netns', 'exec', ns.name, process.execPath, '-e', program], { stdio: 'ignore' });
  const end = (): void => void child.kill('SIGKILL');
  t.teardown(end);
  return end;
}

t.test('metrics of all daemons, and of those that are there', async (t) => {
  const home = makeHome(t);
  home.supervise();
  const { dns, metadata } = await home.allReady(30_000);
  await until(30_000, 'the page answers', () => answers(home.netns, 9842));
  const whole = curl(home.netns, '/metrics');
  for (const daemon of ['metadata', 'network-manager', 'dns', 'overlay', 'supervisor']) {
    t.match(whole, `corral_daemon_up{daemon="${daemon}"} 1`);
    t.match(whole, `corral_process_resident_memory_bytes{daemon="${daemon}"} `);
  }
  const heads = whole.match(/^# TYPE \S+/gm) ?? [];
  t.equal(new Set(heads).size, heads.length, 'each family stands once');
  t.match(whole, 'corral_daemon_ready{daemon="dns"} 1');

  kill(dns!, 'SIGSTOP');
  const without = curl(home.netns, '/metrics');
  t.match(without, 'corral_daemon_up{daemon="dns"} 0', 'one that hangs is not waited for');
  t.match(without, 'corral_daemon_up{daemon="overlay"} 1');
  kill(dns!, 'SIGCONT');

  kill(metadata!, 'SIGKILL');
  await until(30_000, 'its restart is counted', () =>
    curl(home.netns, '/metrics').includes('corral_daemon_restarts_total{daemon="metadata"} 1'),
  );
  t.match(curl(home.netns, '/', '-H', 'Host: evil.example'), '"code":"USAGE"');
  t.match(curl(home.netns, '/readyz'), '"name":"page"');
});

t.test('a port that is taken is told, and taken when it is free; the suite is not held up', async (t) => {
  const home = makeHome(t);
  const release = holdPort(t, home.netns);
  await until(30_000, 'the port is held', () => exec(home.netns, 'ss', ['-lnt']).includes(':9842'));
  home.supervise();
  const own = await until(30_000, 'it is told', async () => {
    const status = await home.status().catch(() => undefined);
    const supervisor = status?.daemons.find(({ name }) => name === 'supervisor');
    return status?.daemons.every(({ ready }) => ready) && supervisor?.state === 'degraded' ? supervisor : undefined;
  });
  t.match(own.conditions, [{ name: 'page', ok: false, code: 'PORT_TAKEN', text: /127\.0\.0\.1:9842/ }]);
  release();
  await home.allReady(30_000);
  await until(30_000, 'the page answers', () => answers(home.netns, 9842));
});

t.test('the port moves and goes with the configuration', async (t) => {
  const home = makeHome(t);
  home.configure('supervisor: { listen: none }\n');
  const supervisor = home.supervise();
  await home.allReady(30_000);
  t.notOk(answers(home.netns, 9842));
  home.configure('supervisor: { listen: 127.0.0.1:9843 }\n');
  supervisor.kill('SIGHUP');
  await until(30_000, 'it is there', () => answers(home.netns, 9843));
  home.configure('supervisor: { listen: none }\n');
  supervisor.kill('SIGHUP');
  await until(30_000, 'it is gone', () => !answers(home.netns, 9843));
});
