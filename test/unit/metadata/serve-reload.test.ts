import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import t from 'tap';
import { ReloadPort, reloadRoute } from '../../../daemons/metadata/serve-reload.ts';
import { Health } from '../../../daemons/shared/daemon/health.ts';

const post = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/v1/reload', method: 'POST', agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(`${response.statusCode} ${text}`));
    })
      .on('error', reject)
      .end();
  });

/** A port that nobody has, or had a moment ago. */
const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
};

t.test('the port comes, moves and goes with the configuration', async (t) => {
  const health = new Health();
  let reloads = 0;
  const route = reloadRoute(async () => {
    reloads += 1;
    if (reloads === 2) throw new Error('a broken edit');
  });
  const ports = new ReloadPort(route, { health, log: { warn: () => undefined } as never });
  t.teardown(() => ports.close());
  await ports.use('none');
  t.same(health.report().conditions, []);
  const [first, second] = [await freePort(), await freePort()];
  await ports.use(`127.0.0.1:${first}`);
  t.equal(await post(first), '200 OK');
  t.match(await post(first), /^500 .*a broken edit/s);
  void ports.use(`127.0.0.1:${second}`);
  await ports.use(`127.0.0.1:${second}`);
  t.equal(await post(second), '200 OK');
  await t.rejects(post(first));
  await ports.use('none');
  await t.rejects(post(second));
  t.equal(health.report().state, 'ready');
});

t.test('a port that is taken degrades, until another one is configured', async (t) => {
  const health = new Health();
  const holder = createServer();
  await new Promise<void>((done) => holder.listen(0, '127.0.0.1', done));
  t.teardown(() => holder.close());
  const ports = new ReloadPort(
    reloadRoute(async () => {}),
    { health, log: { warn: () => undefined } as never },
  );
  t.teardown(() => ports.close());
  await ports.use(`127.0.0.1:${(holder.address() as AddressInfo).port}`);
  t.match(health.report(), { state: 'degraded', conditions: [{ code: 'PORT_TAKEN' }] });
  await ports.use(`127.0.0.1:${await freePort()}`);
  t.equal(health.report().state, 'ready');
});
