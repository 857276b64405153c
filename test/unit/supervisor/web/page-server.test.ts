// The page's server as a browser or a stranger meets it: real HTTP, over a unix socket, on a metadata that is a fake watch.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import t, { type Test } from 'tap';
import { Health } from '../../../../daemons/shared/daemon/health.ts';
import { closeServer, listen } from '../../../../daemons/shared/daemon/http.ts';
import { daemonSocket, pathsBelow } from '../../../../daemons/shared/model/paths.ts';
import { type CallOptions, callRaw } from '../../../../daemons/shared/source/call.ts';
import { keepEvents } from '../../../../daemons/supervisor/events/keep-events.ts';
import { Lookout } from '../../../../daemons/supervisor/web/lookout.ts';
import { makePageServer } from '../../../../daemons/supervisor/web/page-server.ts';
import { pageRoutes } from '../../../../daemons/supervisor/web/routes.ts';
import { Viewers } from '../../../../daemons/supervisor/web/viewers.ts';
import { watchWorld } from '../../../../daemons/supervisor/world.ts';
import { type FakeMetadata, startFakeMetadata } from '../../../fakes/metadata-watch.ts';
import { until } from '../../../netns/support/namespaces.ts';
import { container, hostId } from '../../support/snapshots.ts';
import { here, suite } from './support.ts';

/** Nothing of it changes by itself. */
const steady = { ...suite, daemons: suite.daemons.map((daemon) => ({ ...daemon, uptime: null })) };
const hostile = container('<img src=x onerror=alert(1)>', '10.42.0.2', [], { labels: { password: 'hunter2' } });

interface Served {
  readonly socket: string;
  readonly metadata: FakeMetadata;
  readonly viewers: Viewers;
  ask(path: string, options?: CallOptions): ReturnType<typeof callRaw>;
  /** An open request; ended with the test. */
  open(path: string): Promise<IncomingMessage>;
}

async function serve(t: Test, limits: { most?: number; stallMs?: number; beatMs?: number } = {}): Promise<Served> {
  const root = mkdtempSync('/tmp/co-pg-');
  const paths = pathsBelow(root);
  mkdirSync(paths.run, { recursive: true });
  const metadata = await startFakeMetadata(daemonSocket(paths, 'metadata'), hostId, [here, hostile]);
  const world = watchWorld(paths);
  const { ring } = keepEvents(world);
  const lookout = new Lookout({ paths, world, ring, zone: 'rancher.internal', status: () => steady, lingerMs: 50 });
  const viewers = new Viewers({ lookout, ...limits });
  const health = new Health();
  health.set('x', { ok: false, text: 'not yet' });
  const routes = pageRoutes({ health, lookout, viewers, metrics: async () => 'corral_x 1\n' });
  const server = makePageServer({ routes, names: () => ['node-1.example'], onRefused: () => {} });
  const socket = `${root}/page`;
  await listen(server, { path: socket });
  t.teardown(async () => {
    await viewers.close();
    await closeServer(server, 0);
    await lookout.close();
    world.close();
    await metadata.close();
    rmSync(root, { recursive: true, force: true });
  });
  const open = (path: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const outgoing = request({ socketPath: socket, path, agent: false }, resolve);
      outgoing.on('error', reject);
      t.teardown(() => void outgoing.destroy());
      outgoing.end();
    });
  return { socket, metadata, viewers, open, ask: (path, options = {}) => callRaw(socket, path, options) };
}

/** What a stream has said so far, as sections by name, newest last. */
function follow(stream: IncomingMessage): { views: Record<string, unknown>[]; beats: number[] } {
  const said = { views: [] as Record<string, unknown>[], beats: [] as number[] };
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [event, data = ''] = text.slice(0, end).split('\ndata: ');
      text = text.slice(end + 2);
      if (event === 'event: view') said.views.push(JSON.parse(data));
      if (event === 'event: beat') said.beats.push(Number(data));
    }
  });
  stream.on('error', () => {});
  return said;
}

t.test('the page and its files, each with the headers that keep strangers out', async (t) => {
  const { ask, open } = await serve(t);
  t.match(await ask('/'), { status: 200, text: /<!doctype html>/ });
  for (const [path, type] of [
    ['/', 'text/html'],
    ['/page.js', 'text/javascript'],
    ['/page.css', 'text/css'],
    ['/icon.svg', 'image/svg+xml'],
    ['/v1/overview', 'application/json'],
    ['/v1/stream', 'text/event-stream'],
    ['/nowhere', 'application/json'],
  ] as const) {
    const { headers } = await open(path);
    t.match(headers['content-type'], type, path);
    t.match(headers['content-security-policy'], "default-src 'none'", path);
    t.match(headers, {
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
    });
  }
  const { headers } = await open('/page.js');
  t.equal((await ask('/page.js', { headers: { 'if-none-match': String(headers.etag) } })).status, 304);
  for (const path of ['/tsconfig.json', '/../page-files.ts', '/%2e%2e/page-files.ts', '/page.js/x', '//etc/passwd'])
    t.equal((await ask(path)).status, 404, path);
});

t.test('who asks by a strange name, or wants more than to read, is refused', async (t) => {
  const { ask } = await serve(t);
  t.match(await ask('/v1/overview', { headers: { host: 'evil.example' } }), { status: 421, text: /supervisor\.names/ });
  t.equal((await ask('/', { headers: { host: 'node-1.example:9842' } })).status, 200);
  t.equal((await ask('/', { method: 'POST', body: {} })).status, 405);
  t.equal((await ask('/v1/loglevel', { method: 'PUT', body: { level: 'debug' } })).status, 405);
  t.equal(
    (await ask('/v1/stream', { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' } })).status,
    403,
  );
  t.equal((await ask(`/v1/overview?filter=${'x'.repeat(101)}`)).status, 400);
});

t.test('health, metrics and the view; no secret in it', async (t) => {
  const { ask } = await serve(t);
  t.match(await ask('/healthz'), { status: 200, text: '{"ok":true}' });
  t.match(await ask('/readyz'), { status: 503, text: /not yet/ });
  t.same(await ask('/metrics'), { status: 200, text: 'corral_x 1\n' });
  const { status, text } = await ask('/v1/overview');
  t.equal(status, 200);
  t.match(JSON.parse(text), { suite: { host: 'h1' }, containers: { shown: [{ name: hostile.name }] } });
  t.notMatch(text, 'hunter2');
  t.match(JSON.parse((await ask('/v1/overview?filter=nothing')).text).containers, { matching: 0, total: 1 });
});

t.test('a stream tells all, then what is another, and beats', async (t) => {
  const { open, metadata } = await serve(t, { beatMs: 100 });
  const { views, beats } = follow(await open('/v1/stream'));
  await until(20_000, 'the first view', () => views.length > 0);
  t.match(Object.keys(views[0] ?? {}), ['suite', 'troubles', 'hosts', 'tunnels', 'networks', 'containers']);
  metadata.change([container('late', '10.42.0.9', [])]);
  await until(20_000, 'the change', () => views.length > 1);
  t.same(
    Object.keys(views[1] ?? {}).sort(),
    ['containers', 'events', 'hosts', 'suite'],
    'sections that are the same are not told',
  );
  await until(20_000, 'a beat', () => beats.length > 0);
  t.ok(Math.abs((beats[0] ?? 0) - Date.now()) < 60_000);
});

t.test('nobody looks: nobody is asked', async (t) => {
  const { open, viewers, metadata } = await serve(t);
  t.equal(metadata.asked(), 0);
  const stream = await open('/v1/stream');
  await until(20_000, 'metadata is asked', () => metadata.asked() > 0);
  stream.destroy();
  await until(20_000, 'the viewer is gone', () => viewers.count === 0);
  let quiet = { asked: metadata.asked(), since: performance.now() };
  await until(20_000, 'it is asked no more', () => {
    if (quiet.asked !== metadata.asked()) quiet = { asked: metadata.asked(), since: performance.now() };
    return performance.now() - quiet.since > 3_000; // more than a round
  });
});

t.test('as many viewers as there is room for', async (t) => {
  const { open, ask, viewers } = await serve(t, { most: 2 });
  await open('/v1/stream');
  const second = await open('/v1/stream');
  t.match(await ask('/v1/stream'), { status: 429, text: /"code":"BUSY"/ });
  t.equal(viewers.refused, 1);
  second.destroy();
  await until(20_000, 'there is room again', () => viewers.count === 1);
  t.equal((await open('/v1/stream')).statusCode, 200);
});

t.test('a viewer that takes nothing is cut, with nothing piled up for it', async (t) => {
  const { open, metadata, viewers } = await serve(t, { beatMs: 50, stallMs: 200 });
  const stuck = await open('/v1/stream');
  stuck.pause();
  const { views } = follow(await open('/v1/stream'));
  let round = 0;
  await until(60_000, 'it is cut', () => {
    round += 1;
    metadata.change(
      Array.from({ length: 150 }, (_, at) =>
        container(`c${at}`, '10.42.0.2', [], { network: `${round}`.padEnd(200, 'x') }),
      ),
    );
    return viewers.cut === 1;
  });
  await until(20_000, 'the other one sees what is now', () => JSON.stringify(views.at(-1)).includes(`"${round}xxx`));
});
