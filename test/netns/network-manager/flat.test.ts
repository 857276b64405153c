// A flat network (no blocks), and a network with two blocks on this host: what containers reach, with real packets.
import t from 'tap';
import { block, hostId, network } from '../../unit/support/snapshots.ts';
import { connect, exec, isRoot, makeNamespace, type Namespace, until } from '../support/namespaces.ts';
import { startKeepers } from './support/keepers.ts';
import { ask, serve } from './support/lab.ts';

if (!isRoot) t.plan(0, 'needs root');
t.setTimeout(120_000);

t.test('on a flat network the bridge answers for containers of other hosts, at once', async (t) => {
  const [host, one, peer] = ['fh', 'fo', 'fp'].map((name) => makeNamespace(t, name)) as [
    Namespace,
    Namespace,
    Namespace,
  ];
  const keepers = startKeepers(t, host);
  keepers.send([network('flat', '10.43.0.0/16', { isDefault: true, driver: 'none', blocks: 'none' })]);
  await keepers.becomes('ready', 20_000);
  connect({ ns: host, device: 'va' }, { ns: one, device: 'eth0', address: '10.43.0.9/16' });
  exec(host, 'ip', ['link', 'set', 'va', 'master', 'corral0']);
  // Another host with a container of the same range, to which the overlay has made a route.
  connect({ ns: host, device: 'eth0', address: '192.0.2.1/24' }, { ns: peer, device: 'eth0', address: '192.0.2.2/24' });
  exec(peer, 'ip', ['address', 'add', '10.43.5.5/32', 'dev', 'lo']);
  exec(peer, 'ip', ['route', 'add', '10.43.0.9/32', 'via', '192.0.2.1']);
  exec(host, 'ip', ['route', 'add', '10.43.5.5/32', 'via', '192.0.2.2']);
  await serve(t, peer, '10.43.5.5', 7000);
  t.equal(ask(one, 'tcp', '10.43.5.5', 7000), '10.43.0.9', 'and sees who asks');
  const neighbours = exec(one, 'ip', ['neigh', 'show', '10.43.5.5']);
  t.match(neighbours, 'lladdr 0a:58:0a:2b:00:01', 'the bridge’s own MAC, the same on each host');
  t.match(JSON.parse(exec(host, 'cat', [`${keepers.root}/run/corral/blocks/flat.json`])), {
    blocks: 'none',
    cidrs: ['10.43.0.0/16'],
    gateway: '10.43.0.1',
  });
  t.throws(() => exec(one, 'ping', ['-c1', '-W2', '10.43.77.77']), 'an address that nobody has');
  t.notMatch(exec(one, 'ip', ['neigh', 'show', '10.43.77.77']), 'lladdr', 'is not answered for');
});

t.test('containers of a further block are reached over the bridge, and its route goes with it', async (t) => {
  const [host, one] = ['bh', 'bo'].map((name) => makeNamespace(t, name)) as [Namespace, Namespace];
  const keepers = startKeepers(t, host);
  const first = [network('corral', '10.42.0.0/16', { isDefault: true }), block('corral', '10.42.7.0/24')];
  keepers.send([...first, block('corral', '10.42.3.0/24', hostId, { extra: true })]);
  await keepers.becomes('ready', 20_000);
  connect({ ns: host, device: 'va' }, { ns: one, device: 'eth0', address: '10.42.3.9/32' });
  exec(host, 'ip', ['link', 'set', 'va', 'master', 'corral0']);
  exec(one, 'ip', ['route', 'add', '10.42.7.1', 'dev', 'eth0']);
  exec(one, 'ip', ['route', 'add', 'default', 'via', '10.42.7.1']);
  await serve(t, one, '10.42.3.9', 7000);
  t.equal(ask(host, 'tcp', '10.42.3.9', 7000), '10.42.7.1');
  t.match(JSON.parse(exec(host, 'cat', [`${keepers.root}/run/corral/blocks/corral.json`])), {
    cidrs: ['10.42.7.0/24', '10.42.3.0/24'],
    gateway: '10.42.7.1',
  });
  keepers.send(first);
  await until(20_000, 'its route is gone', () => !exec(host, 'ip', ['route']).includes('10.42.3.0/24'));
  t.match(exec(host, 'ip', ['route']), 'unreachable 10.42.0.0/16');
  await keepers.becomes('ready');
});
