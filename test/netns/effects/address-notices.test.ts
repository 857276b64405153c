import t from 'tap';
import { openAddressNotices } from '../../../daemons/shared/effects/address-notices.ts';
import { openNetns } from '../../../daemons/shared/effects/netns.ts';
import { parseIpv4 } from '../../../daemons/shared/model/ipv4.ts';
import { connect, exec, isRoot, makeNamespace, type Namespace, until } from '../support/namespaces.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

t.test('addresses of this namespace, and of those that its veths lead to', async (t) => {
  const [host, inside, elsewhere] = ['host', 'inside', 'else'].map((name) => makeNamespace(t, name)) as [
    Namespace,
    Namespace,
    Namespace,
  ];
  connect({ ns: host, device: 'v0', address: '192.0.2.1/24' }, { ns: inside, device: 'eth0', address: '192.0.2.2/24' });
  exec(host, 'ip', ['link', 'show']); // whoever lists a link gives the namespace behind it a number
  const netns = openNetns(host.path);
  t.teardown(() => netns.close());
  const notices = openAddressNotices(netns);
  t.teardown(() => notices.close());
  t.equal(notices.take()?.size, 0);
  exec(elsewhere, 'ip', ['address', 'add', '192.0.2.9/32', 'dev', 'lo']);
  exec(host, 'ip', ['address', 'add', '192.0.2.10/32', 'dev', 'v0']);
  exec(inside, 'ip', ['address', 'add', 'fd00::9/64', 'dev', 'eth0']);
  exec(inside, 'ip', ['address', 'add', '192.0.2.77/24', 'dev', 'eth0']);
  exec(inside, 'ip', ['address', 'del', '192.0.2.77/24', 'dev', 'eth0']);
  const heard = new Set<number>();
  await until(10_000, 'both are told', () => {
    for (const ip of notices.take() ?? []) heard.add(ip);
    return heard.size >= 2;
  });
  t.same(heard, new Set([parseIpv4('192.0.2.10'), parseIpv4('192.0.2.77')]));
  t.equal(notices.take()?.size, 0, 'each is told once');
});

t.test('more than there is room for is told as a loss', async (t) => {
  const host = makeNamespace(t, 'host');
  const netns = openNetns(host.path);
  t.teardown(() => netns.close());
  const notices = openAddressNotices(netns);
  t.teardown(() => notices.close());
  const line = 'for a in $(seq 16); do for b in $(seq 250); do echo address add 10.9.$a.$b/32 dev lo; done; done';
  exec(host, 'sh', ['-c', `(${line}) | ip -batch -`]);
  t.equal(notices.take(), undefined);
  await until(10_000, 'and then it goes on', () => notices.take() !== undefined);
});
