import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createRawServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { answerError, callJson, callRaw } from '../../../../daemons/shared/source/call.ts';

/** A socket path that is short enough for sun_path, whatever the checkout is called. */
function socketPath(t: Test): string {
  const dir = mkdtempSync('/tmp/co-call-');
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 's');
}

async function serve(t: Test, listener: RequestListener): Promise<string> {
  const path = socketPath(t);
  const server = createServer(listener);
  await new Promise<void>((ready) => server.listen(path, ready));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return path;
}

t.test('the answer as it is', async (t) => {
  const path = await serve(t, (request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () =>
      response.writeHead(201).end(`${request.method} ${request.url} ${request.headers['x-a']} ${body}`),
    );
  });
  t.same(await callRaw(path, '/p?q=1', { headers: { 'x-a': 'b' } }), { status: 201, text: 'GET /p?q=1 b ' });
  t.equal((await callRaw(path, '/p', { body: { a: 1 } })).text, 'POST /p undefined {"a":1}');
  t.equal((await callRaw(path, '/p', { method: 'PUT', body: 0 })).text, 'PUT /p undefined 0');
});

t.test('a daemon’s error comes back as it was thrown', async (t) => {
  const answers: readonly [number, string, { code: string; message?: string; hint?: string | undefined }][] = [
    [
      404,
      '{"code":"TARGET_UNKNOWN","message":"find x","hint":"look"}',
      { code: 'TARGET_UNKNOWN', message: 'find x', hint: 'look' },
    ],
    [500, '{"code":"MADE_UP","message":"m","hint":null}', { code: 'INTERNAL', message: 'm', hint: undefined }],
    [502, '<html>', { code: 'INTERNAL', message: '/x: answered 502' }],
    [500, 'null', { code: 'INTERNAL', message: '/x: answered 500' }],
    [200, 'no json', { code: 'PROTOCOL' }],
  ];
  for (const [status, text, error] of answers) {
    const path = await serve(t, (_, response) => response.writeHead(status).end(text));
    t.match(await callJson(path, '/x').catch((thrown) => thrown), error);
  }
  t.match(answerError({ status: 418, text: '' }, 'brew'), { code: 'INTERNAL', message: 'brew: answered 418' });
});

t.test('nobody there, nobody any more, a file instead', async (t) => {
  const path = socketPath(t);
  await t.rejects(callRaw(path, '/'), { code: 'NOT_RUNNING' });
  writeFileSync(path, '');
  await t.rejects(callRaw(path, '/'), { code: 'NOT_RUNNING' });
});

t.test('whoever accepts and says nothing is DEADLINE', async (t) => {
  const path = socketPath(t);
  const server = createRawServer((socket) => void t.teardown(() => socket.destroy()));
  await new Promise<void>((ready) => server.listen(path, ready));
  t.teardown(() => void server.close());
  await t.rejects(callRaw(path, '/', { timeoutMs: 20 }), { code: 'DEADLINE' });
});

t.test('so is whoever stops in the middle', async (t) => {
  const path = await serve(t, (_, response) => void response.writeHead(200).write('half'));
  await t.rejects(callRaw(path, '/', { timeoutMs: 50 }), { code: 'DEADLINE' });
});

t.test('an answer that breaks off is no answer', async (t) => {
  const path = await serve(t, (_, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half', () => response.destroy());
  });
  await t.rejects(callRaw(path, '/'), { code: 'NOT_RUNNING' });
});

t.test('an answer without end is cut', async (t) => {
  const path = await serve(t, (_, response) => {
    const block = Buffer.alloc(1 << 20);
    const pour = (): void => {
      while (!response.destroyed && response.write(block));
    };
    response.on('drain', pour);
    pour();
  });
  await t.rejects(callRaw(path, '/', { timeoutMs: 30_000 }), { code: 'PROTOCOL' });
});
