import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  closeServer,
  type HttpOptions,
  listen,
  makeHttpServer,
  type Route,
  readJson,
} from '../../../../daemons/shared/daemon/http.ts';
import { httpLimits } from '../../../../daemons/shared/daemon/limits.ts';
import { SuiteError } from '../../../../daemons/shared/model/errors.ts';
import { callRaw } from '../../../../daemons/shared/source/call.ts';

async function serve(t: Test, options: HttpOptions): Promise<string> {
  const dir = mkdtempSync('/tmp/co-http-');
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const server = makeHttpServer(options);
  await listen(server, { path: join(dir, 's') });
  t.teardown(() => closeServer(server, 0));
  return join(dir, 's');
}

const say =
  (body: unknown): Route['handle'] =>
  (http) => {
    http.body = body;
  };
const get = (path: RegExp, handle: Route['handle']): Route => ({ method: 'GET', path, handle });

t.test('routes by method and path; what is nowhere is a JSON error', async (t) => {
  const routes: Route[] = [];
  const path = await serve(t, { routes });
  routes.push(get(/^\/v1\/(\w+)$/, (http, match) => say({ got: match[1] })(http, match)));
  t.same(await callRaw(path, '/v1/x'), { status: 200, text: '{"got":"x"}' });
  t.match(await callRaw(path, '/v1/x', { method: 'PUT', body: {} }), { status: 404, text: /"code":"USAGE"/ });
  t.match(await callRaw(path, '/../etc/passwd'), { status: 404 });
});

t.test('errors keep their code, and get a status', async (t) => {
  const thrown: readonly [unknown, number, object][] = [
    [
      new SuiteError('NETWORK_UNKNOWN', 'find n', { hint: 'h' }),
      404,
      { code: 'NETWORK_UNKNOWN', message: 'find n', hint: 'h' },
    ],
    [new SuiteError('USAGE', 'u'), 400, { code: 'USAGE', message: 'u', hint: null }],
    [new SuiteError('BUSY', 'b'), 429, { code: 'BUSY' }],
    [new SuiteError('NOT_READY', 'b'), 503, { code: 'NOT_READY' }],
    [new Error('odd'), 500, { code: 'INTERNAL', message: 'odd' }],
    ['text', 500, { code: 'INTERNAL', message: 'text' }],
  ];
  for (const [error, status, body] of thrown) {
    const path = await serve(t, { routes: [get(/./, () => Promise.reject(error))] });
    const answer = await callRaw(path, '/');
    t.equal(answer.status, status);
    t.match(JSON.parse(answer.text), body);
  }
});

t.test('bodies: JSON, bounded', async (t) => {
  const route: Route = {
    method: 'POST',
    path: /^\/$/,
    handle: async (http, match) => say({ read: await readJson(http) })(http, match),
  };
  const path = await serve(t, { routes: [route] });
  t.equal((await callRaw(path, '/', { body: { a: [1] } })).text, '{"read":{"a":[1]}}');
  t.match(await callRaw(path, '/', { body: 'x'.repeat(httpLimits.maxBodyBytes + 1) }), {
    status: 400,
    text: /"USAGE"/,
  });
  t.match(
    await raw(path, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\n{'),
    /400 Bad Request[\s\S]*USAGE/,
  );
});

t.test('a fast handler comes first', async (t) => {
  const path = await serve(t, {
    routes: [get(/./, say('koa'))],
    fast: (request, response) => request.url === '/fast' && Boolean(response.end('fast')),
  });
  t.equal((await callRaw(path, '/fast')).text, 'fast');
  t.equal((await callRaw(path, '/slow')).text, 'koa');
});

t.test('headers beyond the bound are refused, connections beyond it closed', async (t) => {
  const path = await serve(t, { routes: [get(/./, say('x'))], maxConnections: 2 });
  t.match(await raw(path, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(httpLimits.maxHeaderBytes)}\r\n\r\n`), /431/);
  const idle = [connect(path), connect(path)];
  t.teardown(() => {
    for (const socket of idle) socket.destroy();
  });
  await Promise.all(idle.map((socket) => new Promise((ready) => socket.once('connect', ready))));
  await t.rejects(callRaw(path, '/'), { code: 'NOT_RUNNING' });
  for (const socket of idle) socket.destroy();
  const deadline = performance.now() + 5_000;
  let answer: { text: string } | undefined;
  while (!answer && performance.now() < deadline) answer = await callRaw(path, '/').catch(() => undefined);
  t.equal(answer?.text, 'x', 'served again after their end');
});

t.test('a taken address is PORT_TAKEN and names it', async (t) => {
  const path = await serve(t, { routes: [] });
  const second = makeHttpServer({ routes: [] });
  await t.rejects(listen(second, { path }), { code: 'PORT_TAKEN', message: new RegExp(path) });
  await t.rejects(listen(second, { host: '192.0.2.254', port: 1 }), { code: 'INTERNAL', message: /EADDRNOTAVAIL/ });
  await t.resolves(closeServer(second), 'closing what never listened');
});

t.test('closing waits a moment for those at work, and no longer', async (t) => {
  const dir = mkdtempSync('/tmp/co-http-');
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const server = makeHttpServer({ routes: [get(/./, () => new Promise(() => {}))] });
  await listen(server, { path: join(dir, 's') });
  const call = callRaw(join(dir, 's'), '/').catch((error) => error.code);
  await new Promise((ready) => server.once('request', ready));
  await closeServer(server, 10);
  t.equal(await call, 'NOT_RUNNING');
});

/** Bytes in, bytes out until the end. */
function raw(path: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(path, () => socket.write(text));
    socket.on('data', (chunk) => {
      said += chunk;
    });
    socket.on('close', () => resolve(said));
    socket.on('error', () => {});
  });
}
