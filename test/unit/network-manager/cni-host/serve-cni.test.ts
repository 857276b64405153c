import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import type { CniReply, CniRequest } from '../../../../cni-plugins/library.ts';
import { type CniHostOptions, serveCni } from '../../../../daemons/network-manager/cni-host/serve-cni.ts';
import { until } from '../../../netns/support/namespaces.ts';
import { callCni, say } from './shim-client.ts';

if (process.getuid?.() !== 0) {
  t.plan(0, 'needs root: only root is served');
  process.exit(0);
}

const greeting = '{"hello":"corral-cni","proto":1}';
const done: CniReply = { exitCode: 0, stdout: '{"ok":1}\n', stderr: '' };
const dir = mkdtempSync('/tmp/co-ch-');
t.teardown(() => rmSync(dir, { recursive: true }));
let count = 0;

type Handle = (request: CniRequest) => Promise<CniReply>;

async function serve(t: Tap, handle: Handle, more: Partial<CniHostOptions> = {}): Promise<string> {
  count += 1;
  const path = join(dir, String(count));
  const host = await serveCni({ path, cni: { handle }, ...more });
  t.teardown(() => host.close());
  return path;
}
interface Tap {
  teardown(work: () => Promise<void>): void;
}

t.test('greets first, then serves one verb and closes', async (t) => {
  const requests: CniRequest[] = [];
  const served: string[] = [];
  const handle: Handle = async (request) => {
    requests.push(request);
    return done;
  };
  const path = await serve(t, handle, {
    onServed: (verb, exitCode) => served.push(`${verb} ${exitCode}`),
  });
  const env = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'x' };
  t.same(await callCni(path, { env, stdin: '{}', pid: 1, program: 'corral-bridge' }), done);
  t.same(requests, [{ env, stdin: '{}', callerRoot: `/proc/${process.pid}/root`, program: 'corral-bridge' }]);
  t.same(served, ['ADD 0']);
  t.equal((await say(path, `${JSON.stringify({ env, stdin: '', pid: 1 })}\n`)).greeting, greeting);
});

t.test('a request in pieces, and more after it', async (t) => {
  const path = await serve(t, async ({ stdin }) => ({ ...done, stdout: stdin }));
  const text = `${JSON.stringify({ env: {}, stdin: 'ä'.repeat(100_000), pid: 1 })}\n`;
  const bytes = Buffer.from(`${text}{"a second":1}\n`);
  const received = await new Promise<string>((resolve, reject) => {
    const socket = connect(path);
    let all = '';
    socket.once('data', async () => {
      for (let at = 0; at < bytes.length; at += 7_001) {
        socket.write(bytes.subarray(at, at + 7_001));
        await new Promise(setImmediate);
      }
    });
    socket.on('data', (chunk) => {
      all += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(all));
  });
  t.equal(JSON.parse(received.split('\n')[1] ?? '').stdout, 'ä'.repeat(100_000));
  t.equal(received.split('\n').length, 3, 'greeting and one reply');
});

t.test('garbage gets an error of CNI, and never reaches the library', async (t) => {
  let called = false;
  const path = await serve(t, async () => {
    called = true;
    return done;
  });
  const bad = [
    'not json\n',
    '7\n',
    'null\n',
    '{}\n',
    '{"env":{},"stdin":7,"pid":1}\n',
    '{"env":{"a":1},"stdin":"","pid":1}\n',
    '{"env":{},"stdin":"","pid":-1}\n',
    '{"env":[],"stdin":"","pid":1}\n',
    '{"env":{},"stdin":"","pid":1,"program":7}\n',
    `"${'x'.repeat((1 << 20) + 10)}`,
  ];
  for (const text of bad) {
    const reply = JSON.parse((await say(path, text)).reply);
    t.equal(reply.exitCode, 1);
    t.match(JSON.parse(reply.stdout), { code: 6, msg: /^PROTOCOL: / }, text.slice(0, 40));
  }
  t.match(JSON.parse((await say(path, undefined)).reply), { exitCode: 1 }, 'closed without a word');
  t.equal(called, false);
});

t.test('deadlines: of the request, of the verb', async (t) => {
  const slow = await serve(t, () => new Promise(() => undefined), { verbMs: 30, requestMs: 40 });
  const reply = await callCni(slow, { env: { CNI_COMMAND: 'ADD' }, stdin: '' });
  t.match(JSON.parse(reply.stdout), { code: 11, msg: /^DEADLINE: / });
  t.match(JSON.parse(JSON.parse((await say(slow, '{"half')).reply).stdout), { code: 11, msg: /^DEADLINE: / });
});

t.test('a caller that goes away takes nothing with it', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let ended = false;
  const path = await serve(t, async () => {
    await promise;
    ended = true;
    return done;
  });
  const socket = connect(path);
  socket.once('data', () => socket.write('{"env":{},"stdin":"","pid":1}\n', () => socket.destroy()));
  await new Promise((gone) => socket.once('close', gone));
  resolve();
  await until(2_000, 'the verb ends', () => ended);
  t.same(await callCni(path, { env: {}, stdin: '' }), done, 'the next is served');
});

t.test('two hundred at once', async (t) => {
  const path = await serve(t, async ({ stdin }) => ({ ...done, stdout: stdin }));
  const replies = await Promise.all(
    Array.from({ length: 200 }, (_, at) => callCni(path, { env: {}, stdin: String(at) })),
  );
  t.same(
    replies.map(({ stdout }) => Number(stdout)),
    Array.from({ length: 200 }, (_, at) => at),
  );
});

t.test('a connection too many is closed without a greeting, so that its caller goes on alone', async (t) => {
  const path = await serve(t, async () => done, { maxConnections: 1 });
  const first = connect(path);
  await new Promise((greeted) => first.once('data', greeted));
  t.same(await say(path, '{}\n'), { greeting: '', reply: '' });
  first.destroy();
});

t.test('a socket that a dead process left is replaced', async (t) => {
  const path = await serve(t, async () => done);
  const host = await serveCni({ path, cni: { handle: async () => ({ ...done, stdout: 'second' }) } });
  t.equal((await callCni(path, { env: {}, stdin: '' })).stdout, 'second');
  await host.close();
});
