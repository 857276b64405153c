import t from 'tap';
import { openNetlink } from '../../../daemons/shared/effects/netlink.ts';
import { openNetns } from '../../../daemons/shared/effects/netns.ts';
import type { Mac } from '../../../daemons/shared/model/mac.ts';
import { exec, execJson, isRoot, makeNamespace, type Namespace, until } from '../support/namespaces.ts';
import { openIn } from './open.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

const macA = '0a:58:0a:2a:00:01' as Mac;
const macB = '0a:58:0a:2a:00:02' as Mac;

interface IpLink {
  ifname: string;
  ifalias?: string;
  mtu: number;
  address: string;
  master?: string;
  group: string;
  flags: string[];
  linkinfo?: { info_kind: string; info_data?: Record<string, unknown>; info_slave_data?: Record<string, unknown> };
}
const ipLink = (ns: Namespace, name: string): IpLink | undefined =>
  execJson<IpLink>(ns, 'ip', ['link', 'show']).find((link) => link.ifname === name);

t.test('a bridge is created once, then corrected, and left alone when it is right', async (t) => {
  const { ns, nl } = openIn(t, 'br');
  const options = { mac: macA, mtu: 1400, up: true, alias: 'net one', multicastSnooping: false };
  const made = await nl.ensureBridge('br0', options);
  t.equal(made.wrote, true);
  t.match(made.link, {
    name: 'br0',
    kind: 'bridge',
    mac: macA,
    mtu: 1400,
    up: true,
    alias: 'net one',
    master: undefined,
  });
  t.match(ipLink(ns, 'br0'), {
    address: macA,
    mtu: 1400,
    ifalias: 'net one',
    linkinfo: { info_kind: 'bridge', info_data: { mcast_snooping: 0 } },
  });
  t.same(await nl.ensureBridge('br0', options), { link: made.link, wrote: false });
  const corrected = await nl.ensureBridge('br0', { ...options, mac: macB, mtu: 1300 });
  t.match(corrected, { wrote: true, link: { index: made.link.index, mac: macB, mtu: 1300, alias: 'net one' } });
  await t.rejects(nl.ensureBridge('lo', {}), { code: 'BRIDGE_NOT_A_BRIDGE' });
});

t.test('a veth pair is made in two namespaces by one request', async (t) => {
  const { ns, nl } = openIn(t, 'host');
  const inner = makeNamespace(t, 'cont');
  const target = openNetns(inner.path);
  t.teardown(() => target.close());
  const { link: bridge } = await nl.ensureBridge('br0', { up: true });
  await nl.createVeth(
    { name: 'veth-h', mac: macA, mtu: 1400, up: true, master: bridge.index, group: 77 },
    { name: 'eth0', mac: macB, mtu: 1400, netns: target },
  );
  t.match(ipLink(ns, 'veth-h'), { address: macA, mtu: 1400, master: 'br0', group: '77' });
  t.match(ipLink(inner, 'eth0'), { address: macB, mtu: 1400, linkinfo: { info_kind: 'veth' } });
  t.equal(ipLink(ns, 'eth0'), undefined);

  const inside = openNetlink(target);
  t.teardown(() => inside.close());
  const [, eth0] = await Promise.all([inside.setLink('eth0', { up: true }), inside.getLink('eth0')]);
  const host = await nl.getLink('veth-h');
  t.match(eth0, { mac: macB, kind: 'veth', up: true, running: true, peerIndex: host?.index });
  t.match(host, { group: 77, master: bridge.index, peerIndex: eth0?.index, port: { hairpin: false, learning: true } });
  t.type(host?.peerNetnsId, 'number');
});

t.test('a taken name leaves nothing of a veth pair behind', async (t) => {
  const { nl } = openIn(t, 'taken');
  await nl.createVeth({ name: 'a' }, { name: 'b' });
  await t.rejects(nl.createVeth({ name: 'c' }, { name: 'a' }), { code: 'NETLINK_EXISTS' });
  await t.rejects(nl.createVeth({ name: 'a' }, { name: 'c' }), { code: 'NETLINK_EXISTS' });
  t.same((await nl.listLinks()).map((link) => link.name).sort(), ['a', 'b', 'lo']);
});

t.test('all properties of a device change in one request, and only what differs', async (t) => {
  const { ns, nl } = openIn(t, 'set');
  const { link: bridge } = await nl.ensureBridge('br0', { up: true });
  await nl.createVeth({ name: 'a' }, { name: 'b' });
  const want = { up: true, mac: macA, mtu: 1300, master: bridge.index, alias: 'box 1', promisc: true, group: 9 };
  t.equal(await nl.ensureLink('a', want), true);
  t.match(ipLink(ns, 'a'), { mtu: 1300, address: macA, master: 'br0', ifalias: 'box 1', group: '9' });
  t.ok(ipLink(ns, 'a')?.flags.includes('PROMISC'));
  t.match(await nl.getLink('a'), want);
  t.equal(await nl.ensureLink('a', want), false, 'a second time nothing is written');
  await nl.setLink('a', { up: false, promisc: false, master: 0, alias: '' });
  t.match(await nl.getLink('a'), {
    up: false,
    promisc: false,
    master: undefined,
    alias: undefined,
    mtu: 1300,
    group: 9,
  });
  await t.rejects(nl.setLink('absent', { up: true }), { code: 'NETLINK_NO_SUCH_DEVICE' });
  await t.rejects(nl.ensureLink('absent', { up: true }), { code: 'NETLINK_NO_SUCH_DEVICE' });
  await t.rejects(nl.setLink('a', { mtu: 10 }), { code: 'NETLINK_REFUSED' });
});

t.test('flags of a bridge port', async (t) => {
  const { ns, nl } = openIn(t, 'port');
  const { link: bridge } = await nl.ensureBridge('br0', { up: true });
  await nl.createVeth({ name: 'a', master: bridge.index }, { name: 'b' });
  const want = {
    hairpin: true,
    learning: false,
    locked: true,
    isolated: true,
    neighSuppress: true,
    unicastFlood: false,
    multicastFlood: false,
    broadcastFlood: false,
  };
  t.equal(await nl.ensureBridgePort('a', want), true);
  t.match(ipLink(ns, 'a')?.linkinfo?.info_slave_data, {
    hairpin: true,
    learning: false,
    isolated: true,
    neigh_suppress: true,
    flood: false,
    mcast_flood: false,
    bcast_flood: false,
  });
  t.same((await nl.getLink('a'))?.port, want);
  t.equal(await nl.ensureBridgePort('a', want), false);
  await nl.setBridgePort('a', { hairpin: false });
  t.same((await nl.getLink('a'))?.port, { ...want, hairpin: false });
  await t.rejects(nl.ensureBridgePort('b', { hairpin: true }), { code: 'NETLINK_REFUSED' });
});

t.test('lists are whole, filtered by bridge, and survive their size', async (t) => {
  const { nl } = openIn(t, 'list');
  const { link: bridge } = await nl.ensureBridge('br0', {});
  const names = Array.from({ length: 150 }, (_, n) => `p${n}`);
  await Promise.all(names.map((name) => nl.createVeth({ name, master: bridge.index, group: 5 }, { name: `${name}x` })));
  t.equal((await nl.listLinks()).length, 302);
  t.same((await nl.listLinks({ master: bridge.index })).map((link) => link.name).sort(), names.toSorted());
  const looked = await Promise.all([
    ...Array.from({ length: 1_000 }, () => nl.getLink('p7x')),
    nl.listLinks(),
    nl.listLinks(),
  ]);
  t.equal(
    new Set(looked.slice(0, 1_000).map((link) => (link as { index: number }).index)).size,
    1,
    'long answers to many at once fit',
  );
  t.equal(await nl.dropLinkGroup(5), true);
  t.same((await nl.listLinks()).map((link) => link.name).sort(), ['br0', 'lo']);
  t.equal(await nl.dropLinkGroup(5), false);
  await t.rejects(nl.dropLinkGroup(0), { code: 'NETLINK_REFUSED' });
});

t.test('removing is done off the event loop, and absence is success', async (t) => {
  const { nl } = openIn(t, 'drop');
  await nl.createVeth({ name: 'a', up: true }, { name: 'b' });
  await nl.setLink('b', { up: true });
  const index = (await nl.getLink('a'))!.index;
  let turns = 0;
  const spin = (): void => {
    turns += 1;
    next = setImmediate(spin);
  };
  let next = setImmediate(spin);
  t.same(await Promise.all([nl.dropLink('a'), nl.dropLink(index), nl.dropLink('a')]), [true, false, false]);
  clearImmediate(next);
  t.ok(turns > 50, `the loop turned ${turns} times meanwhile`);
  t.equal(await nl.getLink('b'), undefined);
  t.equal(await nl.getLink(index), undefined);
});

t.test('a VXLAN device that learns nothing', async (t) => {
  const { ns, nl } = openIn(t, 'vx');
  const { link: under } = await nl.ensureBridge('br0', { up: true });
  await nl.createVxlan('vt0', { vni: 1042, port: 4789, link: under.index, mac: macA, mtu: 1450, up: true });
  t.match(ipLink(ns, 'vt0'), {
    mtu: 1450,
    address: macA,
    linkinfo: { info_data: { id: 1042, port: 4789, learning: false } },
  });
  t.match(await nl.getLink('vt0'), {
    kind: 'vxlan',
    up: true,
    vxlan: { vni: 1042, port: 4789, link: under.index, local: undefined, learning: false },
  });
  await t.rejects(nl.createVxlan('vt0', { vni: 1043, port: 4789 }), { code: 'NETLINK_EXISTS' });
});

t.test('a closed Netlink refuses, and what waited is rejected', async (t) => {
  const { nl } = openIn(t, 'closed');
  const waiting = nl.listLinks();
  nl.close();
  await t.rejects(waiting, { code: 'NETLINK_REFUSED' });
  await t.rejects(nl.getLink('lo'), { code: 'NETLINK_REFUSED' });
  await t.rejects(nl.dropLink('lo'), { code: 'NETLINK_REFUSED' });
  nl.close();
});

t.test('a port of a bridge makes no IPv6 address for itself; another device does', async (t) => {
  const { ns, nl } = openIn(t, 'bare');
  const { link } = await nl.ensureBridge('br0', { up: true });
  await nl.createVeth({ name: 'port', master: link.index, up: true }, { name: 'inner' });
  await nl.createVeth({ name: 'free', up: true }, { name: 'other' });
  for (const name of ['port', 'inner', 'other']) await nl.setLink(name, { up: true });
  const addresses = (): string => exec(ns, 'ip', ['-6', '-o', 'address', 'show']);
  await until(5_000, 'the others have theirs', () =>
    [' inner ', ' free ', ' other '].every((name) => addresses().includes(name)),
  );
  t.notMatch(addresses(), / port /);
});
