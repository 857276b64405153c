// What a service manager is told, and over a real socket that it hears it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Health } from '../../../../daemons/shared/daemon/health.ts';
import { followServiceManager, parseOrder, renderStatus } from '../../../../daemons/shared/daemon/service-manager.ts';
import { sendToUnixSocket } from '../../../../daemons/shared/effects/libc-notify.ts';
import { until } from '../../../netns/support/namespaces.ts';

function follow(environment: NodeJS.ProcessEnv, health: Health) {
  const said: string[] = [];
  const complaints: string[] = [];
  const manager = followServiceManager({
    environment,
    health,
    pid: 42,
    log: { warn: (_: object, text?: string) => void complaints.push(text ?? '') } as never,
    send: (socket, text) => {
      if (socket === '/gone') throw new Error('ENOENT');
      said.push(text);
    },
  });
  return { said, complaints, manager };
}

t.test('whom the manager wants to hear', async (t) => {
  t.equal(parseOrder({}, 42), undefined);
  t.equal(parseOrder({ NOTIFY_SOCKET: 'relative' }, 42), undefined);
  t.same(parseOrder({ NOTIFY_SOCKET: '/run/n' }, 42), { socket: '/run/n', watchdogMs: undefined });
  const watched = { NOTIFY_SOCKET: '@n', WATCHDOG_USEC: '20000000' };
  t.same(parseOrder(watched, 42), { socket: '@n', watchdogMs: 20_000 });
  t.same(parseOrder({ ...watched, WATCHDOG_PID: '42' }, 42)?.watchdogMs, 20_000);
  t.same(parseOrder({ ...watched, WATCHDOG_PID: '43' }, 42)?.watchdogMs, undefined, 'another process is meant');
  t.same(parseOrder({ ...watched, WATCHDOG_USEC: 'soon' }, 42)?.watchdogMs, undefined);
});

t.test('ready once, when it is; then what changes; then that it stops', async (t) => {
  const health = new Health();
  health.set('http', { ok: false, text: 'starting' });
  const environment = { NOTIFY_SOCKET: '/run/n', PATH: '/bin' };
  const { said, manager } = follow(environment, health);
  t.same(environment, { PATH: '/bin' }, 'what it starts does not speak in its place');
  t.same(manager.environment, { NOTIFY_SOCKET: '/run/n' });
  t.same(said, ['STATUS=unready; http: starting']);
  health.set('http', { ok: true, text: 'listens' });
  health.set('peers', { ok: false, text: 'one of\ntwo', degradesOnly: true });
  manager.stopping();
  health.set('http', { ok: false, text: 'closed' });
  t.same(said.slice(1), [
    'READY=1\nSTATUS=ready',
    'STATUS=degraded; peers: one of two',
    'STOPPING=1\nSTATUS=stopping; what it made in the kernel stays',
  ]);
});

t.test('without a manager nothing is said, with a lost one it is logged once', async (t) => {
  const health = new Health();
  health.set('http', { ok: true, text: 'listens' });
  const nobody = follow({}, health);
  nobody.manager.stopping();
  t.same(nobody.said, []);
  const lost = follow({ NOTIFY_SOCKET: '/gone' }, health);
  health.set('http', { ok: true, text: 'listens elsewhere' });
  lost.manager.stopping();
  t.same(lost.complaints, ['the service manager cannot be told']);
});

t.test('a status is one short line', async (t) => {
  const text = 'x'.repeat(1_000);
  const conditions = [{ name: 'a', ok: false, degradesOnly: false, code: null, text }];
  t.equal(renderStatus({ state: 'unready', conditions }).length, 300);
});

/** Python has what Node lacks: the receiving end. Prints each datagram as one line of JSON. */
const receiver = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
name = sys.argv[1]
s.bind("\\0" + name[1:] if name.startswith("@") else name)
print("bound", flush=True)
while True: print(json.dumps(s.recv(4096).decode()), flush=True)
`;

for (const kind of ['a file', 'an abstract name']) {
  t.test(`datagrams arrive at ${kind}`, async (t) => {
    const folder = mkdtempSync('/tmp/co-sn-');
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const socket = kind === 'a file' ? join(folder, 's') : `@corral-test-${process.pid}`;
    const child = spawn('python3', ['-c', receiver, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.teardown(() => void child.kill('SIGKILL'));
    let heard = '';
    child.stdout.on('data', (chunk) => (heard += chunk));
    await until(20_000, 'it listens', () => heard.includes('bound'));
    sendToUnixSocket(socket, 'READY=1\nSTATUS=über');
    await until(20_000, 'it was heard', () => heard.includes('READY'));
    t.match(heard, '"READY=1\\nSTATUS=\\u00fcber"');
  });
}

t.test('nobody there', async (t) => {
  t.throws(() => sendToUnixSocket('/tmp/co-nobody/s', 'x'), { code: 'ENOENT' });
  t.throws(() => sendToUnixSocket(`/tmp/${'x'.repeat(120)}`, 'x'), { message: /107/ });
});
