import { readdirSync, writeFileSync } from 'node:fs';
import { connect as connectTo } from 'node:net';
import t, { type Test } from 'tap';
import { keyOf } from '../../../daemons/shared/model/objects.ts';
import type { Snapshot } from '../../../daemons/shared/model/snapshot.ts';
import { callRaw } from '../../../daemons/shared/source/call.ts';
import { Records } from '../../../daemons/shared/source/records.ts';
import { watchSnapshot } from '../../../daemons/shared/source/watch.ts';
import { record } from '../../fixtures/records.ts';
import { connect, exec, execJson, isRoot, makeNamespace, type Namespace, until } from '../support/namespaces.ts';
import { crowdScript, runScript } from './crowd.ts';
import { type Daemon, makeRoot, type Root, startDaemon, untilState } from './daemon.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

const service = '169.254.169.250';

interface Scene {
  readonly host: Namespace;
  readonly container: Namespace;
  readonly neighbour: Namespace;
  readonly root: Root;
}

/** A host with a bridge corral0 and an uplink; a container behind the one, a neighbour behind the other. */
function makeScene(t: Test): Scene {
  const [host, container, neighbour] = ['h', 'c', 'n'].map((name) => makeNamespace(t, `md${name}`)) as [
    Namespace,
    Namespace,
    Namespace,
  ];
  exec(host, 'ip', ['link', 'add', 'corral0', 'type', 'bridge']);
  exec(host, 'ip', ['addr', 'add', '10.42.0.1/24', 'dev', 'corral0']);
  exec(host, 'ip', ['link', 'set', 'corral0', 'up']);
  connect({ ns: container, device: 'eth0', address: '10.42.0.7/24' }, { ns: host, device: 'vc' });
  exec(host, 'ip', ['link', 'set', 'vc', 'master', 'corral0']);
  exec(container, 'ip', ['route', 'add', 'default', 'via', '10.42.0.1']);
  connect(
    { ns: neighbour, device: 'eth0', address: '192.0.2.99/24' },
    { ns: host, device: 'eth0', address: '192.0.2.11/24' },
  );
  exec(neighbour, 'ip', ['route', 'add', `${service}/32`, 'via', '192.0.2.11']);
  exec(host, 'ip', ['route', 'add', 'default', 'via', '192.0.2.1']);
  return { host, container, neighbour, root: makeRoot(t) };
}

const get = (ns: Namespace, path: string, ...more: string[]): string =>
  exec(ns, 'curl', ['-sS', '-m', '5', ...more, `http://${service}${path}`]);

function source(t: Test, root: Root): Records {
  const records = new Records({
    socketPath: root.recordsSocket,
    source: 'network-manager',
    onState: () => undefined,
    onRefused: () => undefined,
  });
  t.teardown(() => records.close());
  return records;
}

/** The container of the scene, as network-manager would report it. */
const mine = (hostId: string) =>
  record(7, {
    hostId,
    name: 'Front-1',
    ips: ['10.42.0.7'],
    labels: { 'io.rancher.stack_service.name': 'Web/Front' },
  });

const hostIdOf = (daemon: Daemon, root: Root): Promise<string> =>
  until(
    5_000,
    `a host uuid; ${daemon.stderr()}`,
    async () => (await callRaw(root.metadataSocket, '/v1/tree/latest/self/host/uuid')).text,
  );

t.test('a container learns about itself, a neighbour nothing', async (t) => {
  const { host, container, neighbour, root } = makeScene(t);
  const daemon = startDaemon(t, host, root);
  await untilState(daemon, 'ready');
  const hostId = await hostIdOf(daemon, root);
  const records = source(t, root);
  records.start([mine(hostId)]);
  await records.change([], []);
  t.equal(get(container, '/latest/self/container/name'), 'front-1');
  t.equal(get(container, '/2015-12-19/self/service/name'), 'Front');
  t.equal(get(container, '/latest/self/host/agent_ip'), '192.0.2.11');
  t.equal(get(container, '/latest/self/stack', '-H', 'Accept: application/json').includes('"name":"web"'), true);
  t.equal(get(container, '/latest/self/nope'), 'Not found\n');
  t.equal(get(container, '/latest/self/container/name', '-H', 'X-Forwarded-For: 10.42.0.99'), 'front-1');
  t.equal(get(host, '/latest/self/container'), 'Not found\n', 'the host is no container');
  t.equal(get(host, '/latest/self/host/uuid'), hostId);
  t.throws(() => get(neighbour, '/latest/'), /Command failed.*curl/s, 'no answer at all');
  const asIt = await callRaw(root.metadataSocket, '/v1/tree/latest/self/container/name?from=10.42.0.7');
  t.same(asIt, { status: 200, text: 'front-1' });
  const refused = (await callRaw(root.metadataSocket, '/metrics')).text;
  t.match(refused, /corral_metadata_connections_refused_total\{reason="not-local",daemon="metadata"\} 1/);
  t.equal(await daemon.kill('SIGTERM'), 0, 'a clean stop');
  t.same(
    daemon.log.filter(({ level }) => level === 'error'),
    [],
  );
});

t.test('killed and started again: same host, same answers, before any source speaks', async (t) => {
  const { host, container, root } = makeScene(t);
  const first = startDaemon(t, host, root);
  await untilState(first, 'ready');
  const hostId = await hostIdOf(first, root);
  const records = source(t, root);
  records.start([mine(hostId)]);
  await records.change([], []);
  const before = get(container, '/latest', '-H', 'Accept: application/json');
  await until(5_000, 'the record in the store', async () => {
    const { conditions } = await first.health();
    return conditions.find(({ name }) => name === 'records-kept')?.ok;
  });
  const seen: Snapshot[] = [];
  const watch = watchSnapshot({
    socketPath: root.metadataSocket,
    onSnapshot: (snapshot) => seen.push(snapshot),
    onState: () => undefined,
  });
  t.teardown(() => watch.close());
  await until(5_000, 'a complete snapshot', () => seen.at(-1)?.complete);
  records.close();
  await until(5_000, 'kept', async () =>
    /corral_metadata_records_waiting\{daemon="metadata"\} 0/.test(
      (await callRaw(root.metadataSocket, '/metrics')).text,
    ),
  );
  await first.kill('SIGKILL');
  const second = startDaemon(t, host, root);
  await untilState(second, 'ready');
  t.equal(get(container, '/latest', '-H', 'Accept: application/json'), before, 'byte for byte, version included');
  await until(10_000, 'the watch to come back', () => seen.at(-1)?.complete === false);
  t.equal(seen.at(-1)?.hostId, hostId);
  t.ok(seen.at(-1)?.get('container', record(7).id), 'what the store remembers');
  t.notOk(
    seen.some((snapshot) => !snapshot.get('container', record(7).id)),
    'never gone meanwhile',
  );
});

t.test('the address comes back when somebody takes it away, and nothing is written otherwise', async (t) => {
  const { host, root } = makeScene(t);
  const daemon = startDaemon(t, host, root);
  await untilState(daemon, 'ready');
  const addresses = () =>
    execJson<{ addr_info: { local: string; prefixlen: number; scope: string }[] }>(host, 'ip', [
      'addr',
      'show',
      'dev',
      'lo',
    ])
      .flatMap(({ addr_info }) => addr_info)
      .filter(({ local }) => local === service);
  t.match(addresses(), [{ prefixlen: 32, scope: 'host' }]);
  exec(host, 'ip', ['addr', 'del', `${service}/32`, 'dev', 'lo']);
  await until(5_000, 'the address again', () => addresses().length === 1);
  t.equal(get(host, '/latest/name'), 'default');
});

t.test('a port that another program holds is named, and taken as soon as it is free', async (t) => {
  const { host, root } = makeScene(t);
  exec(host, 'ip', ['addr', 'add', `${service}/32`, 'dev', 'lo', 'scope', 'host']);
  const holder = runScript(
    t,
    host,
    `require('node:net').createServer().listen(80, '${service}', () => console.log('held'))`,
  );
  await until(5_000, 'the port held', () => holder.said().includes('held'));
  const daemon = startDaemon(t, host, root);
  const report = await untilState(daemon, 'unready');
  await until(5_000, 'PORT_TAKEN', async () => {
    const { conditions } = await daemon.health();
    return conditions.some(({ code, text }) => code === 'PORT_TAKEN' && /ss -lntup/.test(text));
  });
  t.equal(report.state, 'unready');
  holder.process.kill('SIGKILL');
  await untilState(daemon, 'ready');
  t.equal(get(host, '/latest/name'), 'default');
  const twin = startDaemon(t, host, root);
  await until(5_000, 'the twin to give up', () => twin.process.exitCode !== null);
  t.match(twin.stderr(), /ALREADY_RUNNING/);
});

t.test('1,000 idle and slow connections do not stop the others', async (t) => {
  const { host, container, root } = makeScene(t);
  const daemon = startDaemon(t, host, root);
  await untilState(daemon, 'ready');
  const crowd = runScript(t, host, crowdScript(service));
  await until(10_000, 'a crowd', () => /open (4\d\d|5\d\d)/.test(crowd.said()));
  for (let n = 0; n < 20; n += 1) t.equal(get(container, '/latest/name'), 'default');
  await until(20_000, 'all of them to be cut', () => /open 0\n$/.test(crowd.said()));
  const answered = await until(5_000, 'room for the host itself again', () => {
    try {
      return get(host, '/latest/name');
    } catch {
      return undefined; // the server learns of the last ends a moment later than the crowd
    }
  });
  t.equal(answered, 'default');
});

t.test('garbage on records.sock ends that connection only', async (t) => {
  const { host, root } = makeScene(t);
  const daemon = startDaemon(t, host, root);
  await untilState(daemon, 'ready');
  const records = source(t, root);
  records.start([record(1)]);
  await records.change([], []);
  for (const bytes of [
    Buffer.alloc(70_000, 0xff),
    Buffer.from('{}\n'),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.alloc(5_000_000, 0x61),
  ]) {
    const socket = connectTo(root.recordsSocket);
    socket.on('error', () => undefined);
    socket.end(bytes);
    socket.resume();
    await until(10_000, 'the end', () => socket.closed);
  }
  await records.change([record(2)], [keyOf(record(1))]);
  const names = (await callRaw(root.metadataSocket, '/v1/tree/latest/containers')).text;
  t.equal(names, '0=c2\n');
  t.equal(daemon.process.exitCode, null);
});

t.test('a subnet under attached containers stays, and moves once they are gone', async (t) => {
  const { host, root } = makeScene(t);
  root.configure('networks: [{ name: corral, subnet: 10.42.0.0/16 }]\n');
  const daemon = startDaemon(t, host, root);
  await untilState(daemon, 'ready');
  const hostId = await hostIdOf(daemon, root);
  const records = source(t, root);
  records.start([mine(hostId)]);
  await records.change([], []);
  root.configure('networks: [{ name: corral, subnet: 10.77.0.0/16 }]\nhost: { name: renamed }\n');
  daemon.process.kill('SIGHUP');
  const report = await untilState(daemon, 'degraded');
  t.match(
    report.conditions.filter(({ ok }) => !ok),
    [{ name: 'networks', code: 'SUBNET_IN_USE' }],
  );
  const subnet = async () =>
    (await callRaw(root.metadataSocket, '/v1/tree/latest/networks/corral/metadata/subnet')).text;
  t.equal(await subnet(), '10.42.0.0/16');
  t.equal((await callRaw(root.metadataSocket, '/v1/tree/latest/self/host/name')).text, 'renamed', 'the rest is live');
  await records.change([], [keyOf(mine(hostId))]);
  await untilState(daemon, 'ready');
  t.equal(await subnet(), '10.77.0.0/16');
});

t.test('a broken store is put aside and said so; a later one is waited for', async (t) => {
  const { host, root } = makeScene(t);
  const first = startDaemon(t, host, root);
  await untilState(first, 'ready');
  const hostId = await hostIdOf(first, root);
  await first.kill('SIGTERM');
  writeFileSync(root.store, 'garbage '.repeat(1_000));
  const second = startDaemon(t, host, root);
  const report = await untilState(second, 'degraded');
  t.match(
    report.conditions.find(({ name }) => name === 'store'),
    { code: 'STORE_CORRUPT', text: /new identity/ },
  );
  t.not(await hostIdOf(second, root), hostId);
  t.ok(readdirSync(`${root.path}/var/lib/corral`).some((name) => name.startsWith('store.sqlite.corrupt-')));
  t.equal(get(host, '/latest/name'), 'default');
});
