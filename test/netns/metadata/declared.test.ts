// Declared objects and an answers file with the real daemon: served, watched, read again; tokens for whom they are meant.
import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { callRaw } from '../../../daemons/shared/source/call.ts';
import { Records } from '../../../daemons/shared/source/records.ts';
import { record } from '../../fixtures/records.ts';
import { objects, saved } from '../../unit/metadata/conformance/fixture.ts';
import { exec, isRoot, makeNamespace, until } from '../support/namespaces.ts';
import { makeRoot, startDaemon, untilState } from './daemon.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

/** The watch up to its full set, all kinds. */
function watchText(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const outgoing = request({ socketPath, path: '/v1/watch' }, (incoming) => {
      incoming.on('data', (chunk: Buffer) => {
        text += chunk;
        if (!text.includes('"synced"')) return;
        outgoing.destroy();
        resolve(text);
      });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

async function poll(ns: string, path: string): Promise<string> {
  const args = ['netns', 'exec', ns, 'curl', '-sS', '-m', '30', `http://169.254.169.250${path}`];
  return (await promisify(execFile)('ip', args)).stdout;
}

const configuration = (answers: string, scale: number, more = ''): string => `
engines: []
host: { name: node-1, agentIp: 192.0.2.11 }
metadata: { trustForwardedFrom: [ 127.0.0.1, 169.254.169.250 ], reload: '127.0.0.1:8112', answers: { path: ${answers} } }
declared:
  services:
    - { stack: web, name: front, token: tok-front, scale: ${scale}, links: [ db ], sidekicks: [ logger ], healthCheck: { port: 80 } }
    - { stack: web, name: db, externalIps: [ 192.0.2.25 ] }
  hosts: [ { name: node-2, agentIp: 192.0.2.12 } ]
  containers: [ { name: dbox, ips: [ 10.42.0.77 ], labels: { role: db } }, { name: front-1, stack: web, service: front } ]
${more}`;

t.test('declared objects, answers and tokens', async (t) => {
  const ns = makeNamespace(t, 'mdd');
  const root = makeRoot(t);
  const answers = join(root.path, 'answers.json');
  root.configure(configuration(answers, 3));
  const daemon = startDaemon(t, ns, root);
  await untilState(daemon, 'ready');
  const get = (path: string, ...more: string[]): string =>
    exec(ns, 'curl', ['-sS', '-m', '5', ...more, `http://169.254.169.250${path}`]);
  const as = (address: string): string[] => ['-H', `X-Forwarded-For: ${address}`];

  await t.test('are served, merged with what a source says', async (t) => {
    const records = new Records({
      socketPath: root.recordsSocket,
      source: 'network-manager',
      onState: () => undefined,
      onRefused: () => undefined,
    });
    t.teardown(() => records.close());
    const own = JSON.parse((await watchText(root.metadataSocket)).split('\n')[0]!).hello.hostId as string;
    records.start([record(9, { name: 'Front-1', hostId: own, ips: ['10.42.0.9'], links: { here: 'dbox' } })]);
    await until(5_000, 'its record', () => get('/latest/self/container/name', ...as('10.42.0.9')) === 'front-1');
    t.equal(get('/latest/services/front/containers'), '0=front-1\n', 'one, declared and attached');
    t.equal(get('/latest/hosts'), '0=node-1\n1=node-2\n');
    t.equal(get('/latest/services/front/scale'), '3');
    t.equal(get('/latest/services/front/links', '-H', 'Accept: text/yaml'), 'web/db: db\n');
    t.equal(get('/latest/services/front/health_check/port'), '80');
    t.equal(get('/latest/services/db/kind'), 'externalService');
    t.match(get('/latest/self/container/links/here', ...as('10.42.0.9')), /^[0-9a-f-]{36}$/);
    t.equal(get('/latest/self/container/health_check/port', ...as('10.42.0.9')), '80');
    t.equal(get('/latest/self/container/labels/role', ...as('10.42.0.77')), 'db');
    t.equal(get('/latest/self/container', ...as('10.42.0.99')), 'Not found\n');
  });

  await t.test('a token is for the service’s own, and in no watch, no log, no store', async (t) => {
    t.equal(get('/latest/self/service/token', ...as('10.42.0.9')), 'tok-front');
    t.notMatch(get('/latest', '-H', 'Accept: application/json'), 'tok-front');
    t.notMatch(await watchText(root.metadataSocket), 'tok-front');
    t.notMatch(readFileSync(root.store, 'latin1'), 'tok-front');
    root.configure(configuration(answers, 4, 'declareed: 1\n'));
    daemon.process.kill('SIGHUP');
    await until(5_000, 'the change', () => daemon.log.some(({ event }) => event === 'config.refused'));
    root.configure(configuration(answers, 4, '  - broken: [ tok-front\n'));
    daemon.process.kill('SIGHUP');
    await until(5_000, 'the change', () => daemon.log.filter(({ event }) => event === 'config.refused').length === 2);
    t.equal(get('/latest/services/front/scale'), '3', 'a broken file changes nothing');
    t.notMatch(JSON.stringify(daemon.log), 'tok-front');
    t.equal(daemon.stderr(), '');
  });

  await t.test('SIGHUP changes what is declared, and wakes who waits for it', async (t) => {
    const waiting = poll(ns.name, '/latest/services/front/scale?wait=true&value=3&maxWait=20');
    root.configure(configuration(answers, 5).replace('tok-front', 'tok-other'));
    daemon.process.kill('SIGHUP');
    t.equal(await waiting, '5');
    await until(5_000, 'the change', () => get('/latest/self/service/token', ...as('10.42.0.9')) === 'tok-other');
  });

  await t.test('an answers file: laid over, kept when broken, read again when asked', async (t) => {
    writeFileSync(answers, '{"latest":{"default":{"mine":"one"}}}');
    await until(5_000, 'the change', () => get('/latest/mine') === 'one');
    t.equal(get('/latest/services/front/scale'), '5');
    writeFileSync(answers, '{"latest":{"default":{"mine":"tok-front');
    await untilState(daemon, 'degraded');
    t.equal(get('/latest/mine'), 'one');
    t.match(
      exec(ns, 'curl', ['-sS', '-X', 'POST', 'http://127.0.0.1:8112/v1/reload']),
      /CONFIG_INVALID: read .*the file|CONFIG_INVALID: read/,
    );
    chmodSync(answers, 0o600);
    writeFileSync(answers, saved(objects));
    t.same(await callRaw(root.metadataSocket, '/v1/reload', { method: 'POST' }), { status: 200, text: 'OK' });
    t.equal(get('/latest/containers'), '0=solo\n1=web-db-1\n2=web-front-1\n');
    t.equal(get('/latest/self/container/name', ...as('10.42.1.10')), 'web-front-1');
    t.equal(get('/latest/self/container/name', ...as('10.42.0.9')), 'front-1', 'its own container stays known');
    t.equal(exec(ns, 'curl', ['-sS', '-X', 'POST', 'http://127.0.0.1:8112/v1/reload']), 'OK');
    t.equal(
      exec(ns, 'curl', ['-sS', 'http://127.0.0.1:8112/v1/reload', '-o', '/dev/null', '-w', '%{http_code}']),
      '404',
    );
    await untilState(daemon, 'ready');
    t.notMatch(JSON.stringify(daemon.log), 'tok-front');
  });
});
