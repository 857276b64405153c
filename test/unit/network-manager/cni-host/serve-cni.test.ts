import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import type { CniReply, CniRequest } from '../../../../cni-plugins/library.ts';
import { type CniHostOptions, serveCni } from '../../../../daemons/network-manager/cni-host/serve-cni.ts';
import { until } from '../../../netns/support/namespaces.ts';
import { callCni, parseReply, renderRequest, say } from './shim-client.ts';

if (process.getuid?.() !== 0) {
  t.plan(0, 'needs root: only root is served');
  process.exit(0);
}

const greeting = 'corral-cni 1';
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
  t.equal((await say(path, renderRequest({ env, stdin: '' }))).greeting, greeting);
});

t.test('a request in pieces, and more after it', async (t) => {
  const path = await serve(t, async ({ stdin }) => ({ ...done, stdout: stdin }));
  const request = Buffer.from(renderRequest({ env: {}, stdin: 'ä'.repeat(100_000) }));
  const bytes = Buffer.concat([request, Buffer.from('request 1 0 0\n')]);
  const received = await new Promise<string>((resolve, reject) => {
    const socket = connect(path);
    let all = '';
    socket.setEncoding('utf8');
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
  t.equal(parseReply(received.slice(greeting.length + 1)).stdout, 'ä'.repeat(100_000), 'greeting and one reply');
});

t.test('garbage gets an error of CNI, and never reaches the library', async (t) => {
  let called = false;
  const path = await serve(t, async () => {
    called = true;
    return done;
  });
  const bad = [
    'not a request\n',
    'request\n',
    'request 1 2\n',
    'request 1 2 -3\n',
    'request 1 2 3x\n',
    'request 1 0 1400000\n',
    'request 1 99999999 0\n',
    `request 1 0 0${' x'.repeat(60)}\n`,
    'x'.repeat(200),
  ];
  for (const text of bad) {
    const reply = parseReply((await say(path, text)).reply);
    t.equal(reply.exitCode, 1);
    t.match(JSON.parse(reply.stdout), { code: 6, msg: /^PROTOCOL: / }, text.slice(0, 40));
  }
  t.match(parseReply((await say(path, undefined)).reply), { exitCode: 1 }, 'closed without a word');
  t.match(parseReply((await say(path, undefined)).reply).stdout, /"code":6/);
  t.equal(called, false);
});

t.test('deadlines: of the request, of the verb', async (t) => {
  const slow = await serve(t, () => new Promise(() => undefined), { verbMs: 30, requestMs: 40 });
  const reply = await callCni(slow, { env: { CNI_COMMAND: 'ADD' }, stdin: '' });
  t.match(JSON.parse(reply.stdout), { code: 11, msg: /^DEADLINE: / });
  t.match(JSON.parse(parseReply((await say(slow, 'request 1 0 9\nhalf')).reply).stdout), {
    code: 11,
    msg: /^DEADLINE: /,
  });
});

t.test('a caller that goes away takes nothing with it', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let [begun, ended] = [false, false];
  const path = await serve(t, async () => {
    begun = true;
    await promise;
    ended = true;
    return done;
  });
  const socket = connect(path);
  socket.once('data', () => socket.write('request 1 0 0\n'));
  await until(30_000, 'the verb begins', () => begun);
  socket.destroy();
  await new Promise((gone) => socket.once('close', gone));
  resolve();
  await until(30_000, 'the verb ends', () => ended);
  t.same(await callCni(path, { env: {}, stdin: '' }), done, 'the next is served');
});

t.test('an ADD whose caller is killed while it waits for its turn is never begun', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const begun: string[] = [];
  const path = await serve(t, async ({ env, stdin }) => {
    begun.push(stdin);
    if (env.CNI_COMMAND === 'ADD') await promise;
    return done;
  });
  const env = { CNI_COMMAND: 'ADD' };
  const running = Array.from({ length: 32 }, (_, at) => callCni(path, { env, stdin: `${at}` }));
  await until(30_000, 'all turns are taken', () => begun.length === 32);
  const waiting = connect(path);
  waiting.once('data', () => waiting.write(renderRequest({ env, stdin: 'killed' }), () => waiting.destroy()));
  await new Promise((gone) => waiting.once('close', gone));
  t.same(await callCni(path, { env: { CNI_COMMAND: 'DEL' }, stdin: 'del' }), done, 'a DEL does not wait');
  resolve();
  await Promise.all(running);
  t.same(await callCni(path, { env, stdin: 'last' }), done);
  t.notOk(begun.includes('killed'));
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
  t.same(await say(path, 'request 1 0 0\n'), { greeting: '', reply: '' });
  first.destroy();
});

t.test('a socket that a dead process left is replaced', async (t) => {
  const path = await serve(t, async () => done);
  const host = await serveCni({ path, cni: { handle: async () => ({ ...done, stdout: 'second' }) } });
  t.equal((await callCni(path, { env: {}, stdin: '' })).stdout, 'second');
  await host.close();
});
