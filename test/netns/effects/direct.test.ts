import t from 'tap';
import { type Netlink, openNetlink } from '../../../daemons/shared/effects/netlink.ts';
import { openNetns } from '../../../daemons/shared/effects/netns.ts';
import type { Mac } from '../../../daemons/shared/model/mac.ts';
import { exec, isRoot, makeNamespace, type Namespace, type TestScope } from '../support/namespaces.ts';
import { ip4 } from './open.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

function openDirect(t: TestScope): { ns: Namespace; nl: Netlink } {
  const ns = makeNamespace(t, 'direct');
  const handle = openNetns(ns.path);
  const nl = openNetlink(handle, 'direct');
  handle.close();
  t.teardown(() => nl.close());
  return { ns, nl };
}

t.test('requests are done when their turn ends, in their order', async (t) => {
  const { ns, nl } = openDirect(t);
  const made = nl.createVeth({ name: 'near' }, { name: 'far' });
  await Promise.resolve();
  t.match(exec(ns, 'ip', ['-o', 'link']), /near@far/, 'before the event loop has turned');
  await made;
  const { index } = (await nl.getLink('near'))!;
  const address = { index, address: ip4('10.1.2.3'), prefix: 24 };
  const [added, again] = await Promise.all([
    nl.ensureAddress(address),
    nl.ensureAddress(address),
    nl.setLink(index, { alias: 'one', up: true }),
  ]);
  t.same([added, again], [true, false]);
  t.match(exec(ns, 'ip', ['address', 'show', 'near']), /UP.*inet 10\.1\.2\.3\/24/s);
  t.match(exec(ns, 'ip', ['link', 'show', 'near']), /alias one/);
  await t.rejects(nl.createVeth({ name: 'near' }, { name: 'other' }), { code: 'NETLINK_EXISTS' });
  await t.rejects(nl.setLink('none', { up: true }), { code: 'NETLINK_NO_SUCH_DEVICE' });
  t.equal(await nl.getLink('none'), undefined);
  t.equal((await nl.getLink('far'))?.name, 'far');
});

t.test('a list longer than a datagram is whole', async (t) => {
  const { nl } = openDirect(t);
  const { link } = await nl.ensureBridge('br0', { up: true });
  const addresses = Array.from({ length: 1200 }, (_, at) => ip4(`10.2.${at >> 8}.${at & 255}`));
  await Promise.all(addresses.map((address) => nl.ensureAddress({ index: link.index, address, prefix: 32 })));
  const listed = (await nl.listAddresses(link.index)).filter(({ address }) => typeof address === 'number');
  t.equal(listed.length, 1200);
});

t.test('a device that announces its addresses', async (t) => {
  const { ns, nl } = openDirect(t);
  await nl.createVeth({ name: 'near', mac: '0a:58:0a:01:02:03' as Mac }, { name: 'far' });
  const setting = (): string => exec(ns, 'cat', ['/proc/sys/net/ipv4/conf/near/arp_notify']).trim();
  t.equal(setting(), '0');
  await nl.setLink('near', { announce: true });
  t.equal(setting(), '1');
  t.equal(await nl.ensureLink('near', { announce: true, up: true }), true, 'for the other change');
  t.equal(await nl.ensureLink('near', { announce: true, up: true }), false);
});

t.test('closing ends it', async (t) => {
  const { nl } = openDirect(t);
  nl.close();
  nl.close();
  await t.rejects(nl.getLink('lo'), { code: 'NETLINK_REFUSED' });
});
