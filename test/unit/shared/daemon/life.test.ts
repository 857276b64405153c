// The life of a daemon's process, on a stub that does nothing else.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { LineCutter } from '../../../../daemons/shared/model/lines.ts';
import { maxLineBytes } from '../../../../daemons/shared/model/wire.ts';
import { callJson, callRaw } from '../../../../daemons/shared/source/call.ts';

if (process.getuid?.() !== 0) {
  t.plan(0, 'needs root');
  process.exit(0);
}
t.setTimeout(120_000);

interface Stub {
  readonly root: string;
  readonly socket: string;
  start(env?: Record<string, string>): ChildProcess & { said(): string };
  configure(yaml: string): void;
}

function makeStub(t: Test): Stub {
  const root = mkdtempSync('/tmp/co-life-');
  const main = new URL('../../../fakes/daemons/dns.ts', import.meta.url).pathname;
  const children: ChildProcess[] = [];
  t.teardown(async () => {
    for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
    rmSync(root, { recursive: true, force: true });
  });
  return {
    root,
    socket: join(root, 'run/corral/dns.sock'),
    start(env = {}) {
      const child = spawn(process.execPath, [main], {
        env: { ...process.env, CORRAL_ROOT: root, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      children.push(child);
      let said = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk) => {
          said += chunk;
        });
      }
      return Object.assign(child, { said: () => said });
    },
    configure(yaml) {
      mkdirSync(join(root, 'etc/corral'), { recursive: true });
      writeFileSync(join(root, 'etc/corral/corral.yaml'), yaml);
    },
  };
}

async function until<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (performance.now() > deadline) throw new Error(`not in 15 s: ${what}`);
    await new Promise((go) => setTimeout(go, 10));
  }
}

const ready = (stub: Stub): Promise<unknown> =>
  until('ready', () =>
    callRaw(stub.socket, '/readyz').then(
      ({ status }) => status === 200,
      () => false,
    ),
  );

/** Lines of the life stream as they come. */
function follow(t: Test, socketPath: string): { lines: Record<string, unknown>[]; ended: Promise<unknown> } {
  const lines: Record<string, unknown>[] = [];
  const cutter = new LineCutter(maxLineBytes);
  const outgoing = request({ socketPath, path: '/v1/life', agent: false });
  const ended = new Promise((resolve) => outgoing.once('close', resolve));
  outgoing.on('error', () => {});
  outgoing.on('response', (incoming) => {
    incoming.on('data', (chunk: Buffer) => lines.push(...cutter.push(chunk).map((line) => JSON.parse(line))));
    incoming.on('error', () => {});
  });
  outgoing.end();
  t.teardown(() => void outgoing.destroy());
  return { lines, ended };
}

t.test('born, asked, stopped', async (t) => {
  const stub = makeStub(t);
  const child = stub.start();
  await ready(stub);
  t.equal(statSync(join(stub.root, 'run/corral')).mode & 0o777, 0o700);
  t.same(await callJson(stub.socket, '/healthz'), { ok: true });
  t.match(await callJson(stub.socket, '/readyz'), { state: 'ready', conditions: [{ name: 'self', ok: true }] });
  t.match((await callRaw(stub.socket, '/metrics')).text, /corral_process_cpu_user_seconds_total\{daemon="dns"\}/);
  const life = follow(t, stub.socket);
  await until('two beats', () => life.lines.filter((line) => 'beat' in line).length >= 2);
  t.match(life.lines.slice(0, 2), [{ hello: { daemon: 'dns', pid: child.pid } }, { health: { state: 'ready' } }]);
  child.kill('SIGTERM');
  t.same(await once(child, 'exit'), [0, null]);
  await life.ended;
  t.match(child.said(), /daemon\.stopping/);
});

t.test('a twin is refused, a successor of a killed one is not', async (t) => {
  const stub = makeStub(t);
  const first = stub.start();
  await ready(stub);
  const twin = stub.start();
  t.same(await once(twin, 'close'), [1, null]);
  t.match(twin.said(), /^corral dns: ALREADY_RUNNING: [^\n]+\n$/);
  await ready(stub);
  first.kill('SIGKILL');
  await once(first, 'exit');
  const next = stub.start();
  await ready(stub);
  t.equal(next.exitCode, null);
});

t.test('a wrong configuration ends it with 2 and one line', async (t) => {
  const stub = makeStub(t);
  stub.configure('dns: { tll: 1 }\n');
  const child = stub.start();
  t.same(await once(child, 'close'), [2, null]);
  t.match(child.said(), /^corral dns: CONFIG_UNKNOWN_KEY: [^\n]+\n$/);
});

t.test('SIGHUP reads the configuration again; a broken one is refused', async (t) => {
  const stub = makeStub(t);
  stub.configure('log: { level: error }\n');
  const child = stub.start();
  await ready(stub);
  t.equal(child.said(), '', 'nothing below the level');
  stub.configure('log: { level: shout }\n');
  child.kill('SIGHUP');
  await until('refused', () => child.said().includes('config.refused'));
  stub.configure('log: { level: info }\n');
  child.kill('SIGHUP');
  await until('the new level counts', () => child.said().includes('config.reloaded'));
});

t.test('the log level by hand', async (t) => {
  const stub = makeStub(t);
  stub.start();
  await ready(stub);
  const put = (body: unknown) => callJson(stub.socket, '/v1/loglevel', { method: 'PUT', body });
  t.same(await put({ level: 'debug' }), { level: 'debug' });
  await t.rejects(put({ level: 'shout' }), { code: 'USAGE' });
  await t.rejects(put(null), { code: 'USAGE' });
});

t.test('listeners are counted', async (t) => {
  const stub = makeStub(t);
  stub.start();
  await ready(stub);
  const followers = Array.from({ length: 16 }, () => follow(t, stub.socket));
  await until('all follow', () => followers.every(({ lines }) => lines.length >= 2));
  t.match(await callRaw(stub.socket, '/v1/life'), { status: 429, text: /BUSY/ });
  t.same(await callJson(stub.socket, '/healthz'), { ok: true }, 'others are served');
});

t.test('the lock file stays empty, the log says who it was', async (t) => {
  const stub = makeStub(t);
  const child = stub.start();
  await ready(stub);
  t.equal(readFileSync(join(stub.root, 'run/corral/dns.lock'), 'utf8'), '');
  const [line] = child.said().split('\n');
  t.match(JSON.parse(line ?? ''), { daemon: 'dns', pid: child.pid, event: 'daemon.starting' });
});
