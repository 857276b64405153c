import t from 'tap';
import { openNetlink } from '../../../daemons/shared/effects/netlink.ts';
import { openNetns } from '../../../daemons/shared/effects/netns.ts';
import { connect, execJson, isRoot, makeNamespace, type Namespace, until } from '../support/namespaces.ts';
import { ip4, openIn } from './open.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

interface IpAddress {
  ifname: string;
  addr_info: { local: string; prefixlen: number; scope: string; broadcast?: string; noprefixroute?: boolean }[];
}
const shown = (ns: Namespace, device: string): IpAddress['addr_info'] =>
  execJson<IpAddress>(ns, 'ip', ['addr', 'show', 'dev', device])[0]?.addr_info ?? [];

t.test('an address is added once, and dropped once', async (t) => {
  const { ns, nl } = openIn(t, 'addr');
  const { link } = await nl.ensureBridge('br0', { up: true });
  const want = { index: link.index, address: ip4('10.42.7.1'), prefix: 24, broadcast: ip4('10.42.7.255') };
  t.equal(await nl.ensureAddress(want), true);
  t.equal(await nl.ensureAddress(want), false);
  t.match(shown(ns, 'br0'), [{ local: '10.42.7.1', prefixlen: 24, scope: 'global', broadcast: '10.42.7.255' }]);
  t.match(await nl.listAddresses(link.index), [{ ...want, scope: 'universe', noPrefixRoute: false }]);
  t.equal(await nl.dropAddress(want), true);
  t.equal(await nl.dropAddress(want), false);
  t.equal(await nl.dropAddress({ ...want, index: 999 }), false);
  t.same(
    shown(ns, 'br0').filter((info) => info.local.includes('.')),
    [],
  );
});

t.test('the metadata address sits on lo with scope host, and a wrong scope is corrected', async (t) => {
  const { ns, nl } = openIn(t, 'lo');
  const want = { index: 1, address: ip4('169.254.169.250'), prefix: 32, scope: 'host' as const };
  t.equal(await nl.ensureAddress({ ...want, scope: 'universe' }), true);
  t.equal(await nl.ensureAddress(want), true);
  t.equal(await nl.ensureAddress(want), false);
  const have = shown(ns, 'lo').filter((info) => info.local.startsWith('169'));
  t.match(have, [{ local: '169.254.169.250', prefixlen: 32, scope: 'host' }]);
  t.equal(have.length, 1);
});

t.test('the same address with another prefix is another address', async (t) => {
  const { nl } = openIn(t, 'prefix');
  const { link } = await nl.ensureBridge('br0', { up: true });
  const address = ip4('10.42.7.9');
  t.equal(await nl.ensureAddress({ index: link.index, address, prefix: 24, noPrefixRoute: true }), true);
  t.equal(await nl.ensureAddress({ index: link.index, address, prefix: 32 }), true);
  t.match(await nl.listAddresses(link.index), [
    { prefix: 24, noPrefixRoute: true },
    { prefix: 32, noPrefixRoute: false },
  ]);
  t.same(await nl.listRoutes(), [], 'noprefixroute adds no route');
});

t.test('IPv6 addresses are texts and are usable at once', async (t) => {
  const { ns, nl } = openIn(t, 'six');
  const want = { index: 1, address: 'fd00:a9fe:a9fe::250', prefix: 128 };
  t.equal(await nl.ensureAddress(want), true);
  t.equal(await nl.ensureAddress(want), false);
  t.ok(shown(ns, 'lo').some((info) => info.local === 'fd00:a9fe:a9fe::250' && info.prefixlen === 128));
  t.ok((await nl.listAddresses(1)).some((have) => have.address === want.address && have.prefix === 128));
  t.equal(await nl.dropAddress(want), true);
  t.equal(await nl.dropAddress(want), false);
  await t.rejects(nl.ensureAddress({ ...want, address: 'fd00::zz' }), { code: 'NETLINK_REFUSED' });
});

t.test('a device that is not there', async (t) => {
  const { nl } = openIn(t, 'nodev');
  const want = { index: 4_000, address: ip4('10.42.7.9'), prefix: 24 };
  await t.rejects(nl.ensureAddress(want), {
    code: 'NETLINK_NO_SUCH_DEVICE',
    message: /10\.42\.7\.9\/24 to device 4000/,
  });
});

t.test('duplicates of an IPv6 address are detected when asked for', async (t) => {
  const { ns } = openIn(t, 'dad');
  const other = makeNamespace(t, 'dad2');
  connect({ ns, device: 'left', address: 'fd00::9/64' }, { ns: other, device: 'right' });
  await until(5_000, 'fd00::9 is there for good', () =>
    shown(ns, 'left').some((info) => info.local === 'fd00::9' && !('tentative' in info)),
  );
  const there = openNetns(other.path);
  const second = openNetlink(there);
  there.close();
  t.teardown(() => second.close());
  const link = (await second.getLink('right'))!;
  const detectionOf = async (address: string): Promise<string | undefined> =>
    (await second.listAddresses(link.index)).find((have) => have.address === address)?.detection;
  await second.ensureAddress({ index: link.index, address: 'fd00::9', prefix: 64, detectDuplicates: true });
  t.equal(await detectionOf('fd00::9'), 'tentative');
  await until(5_000, 'the duplicate is found', async () => (await detectionOf('fd00::9')) === 'duplicate');
  await second.ensureAddress({ index: link.index, address: 'fd00::8', prefix: 64 });
  t.equal(await detectionOf('fd00::8'), undefined, 'and without asking it is usable at once');
});
