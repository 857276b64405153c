// The service over IPv6: for containers of a network that has it, and for nobody else.
import t from 'tap';
import { serviceAddress6 } from '../../../daemons/shared/model/networks.ts';
import { callRaw } from '../../../daemons/shared/source/call.ts';
import { Records } from '../../../daemons/shared/source/records.ts';
import { record } from '../../fixtures/records.ts';
import { connect, exec, isRoot, makeNamespace, type Namespace, until } from '../support/namespaces.ts';
import { makeRoot, startDaemon, untilState } from './daemon.ts';

if (!isRoot) t.plan(0, 'needs root');
t.setTimeout(120_000);

const get = (ns: Namespace, path: string): string =>
  exec(ns, 'curl', ['-gsS', '-m', '5', `http://[${serviceAddress6}]${path}`]);

t.test('a container that has IPv6 alone learns about itself', async (t) => {
  const [host, container, neighbour] = ['h', 'c', 'n'].map((name) => makeNamespace(t, `m6${name}`)) as [
    Namespace,
    Namespace,
    Namespace,
  ];
  exec(host, 'ip', ['link', 'add', 'corral0', 'type', 'bridge']);
  exec(host, 'ip', ['addr', 'add', 'fd42::1/64', 'dev', 'corral0', 'nodad']);
  exec(host, 'ip', ['link', 'set', 'corral0', 'up']);
  exec(host, 'ip', ['link', 'set', 'lo', 'up']);
  connect({ ns: container, device: 'eth0' }, { ns: host, device: 'vc' });
  exec(host, 'ip', ['link', 'set', 'vc', 'master', 'corral0']);
  exec(container, 'ip', ['addr', 'add', 'fd42::7/64', 'dev', 'eth0', 'nodad']);
  exec(container, 'ip', ['route', 'add', 'default', 'via', 'fd42::1']);
  connect(
    { ns: neighbour, device: 'eth0', address: '192.0.2.99/24' },
    { ns: host, device: 'eth0', address: '192.0.2.11/24' },
  );
  exec(host, 'ip', ['addr', 'add', '2001:db8::1/64', 'dev', 'eth0', 'nodad']);
  exec(neighbour, 'ip', ['addr', 'add', '2001:db8::9/64', 'dev', 'eth0', 'nodad']);
  exec(neighbour, 'ip', ['route', 'add', serviceAddress6, 'via', '2001:db8::1']);

  const root = makeRoot(t);
  root.configure('networks:\n  - { name: corral, default: true, subnet6: fd42::/48 }\n');
  const daemon = startDaemon(t, host, root);
  const { conditions } = await until(30_000, 'it listens', async () => {
    const report = await daemon.health().catch(() => undefined);
    return report?.conditions.some(({ name, ok }) => name === 'http6' && ok) ? report : undefined;
  });
  t.match(conditions.find(({ name }) => name === 'http6')?.text, `[${serviceAddress6}]:80`);
  await untilState(daemon, 'ready');
  const hostId = (await callRaw(root.metadataSocket, '/v1/tree/latest/self/host/uuid')).text;
  const records = new Records({
    socketPath: root.recordsSocket,
    source: 'network-manager',
    onState: () => undefined,
    onRefused: () => undefined,
  });
  t.teardown(() => records.close());
  records.start([record(7, { hostId, name: 'six', ips: ['fd42::7'] })]);
  await records.change([], []);
  await until(30_000, 'it is reached', () => {
    try {
      return get(container, '/latest/version').length > 0;
    } catch {
      return false;
    }
  });
  t.equal(get(container, '/latest/self/container/name'), 'six');
  t.equal(get(container, '/latest/self/container/primary_ip'), 'fd42::7');
  t.equal(get(host, '/latest/self/container'), 'Not found\n', 'the host is no container');
  t.throws(() => get(neighbour, '/latest/'), /Command failed.*curl/s, 'a neighbour gets no answer at all');
  t.equal(await daemon.kill('SIGTERM'), 0, 'a clean stop');
  t.same(
    daemon.log.filter(({ level }) => level === 'error'),
    [],
  );
});

t.test('without a network that has IPv6 there is no such address', async (t) => {
  const host = makeNamespace(t, 'm6o');
  const daemon = startDaemon(t, host, makeRoot(t));
  const { conditions } = await untilState(daemon, 'ready', 'degraded');
  t.notOk(conditions.some(({ name }) => name === 'http6'));
  t.notMatch(exec(host, 'ip', ['-6', 'address', 'show', 'dev', 'lo']), 'a9fe');
});
