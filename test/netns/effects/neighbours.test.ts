import t from 'tap';
import type { Mac } from '../../../daemons/shared/model/mac.ts';
import { exec, execJson, isRoot, type Namespace, until } from '../support/namespaces.ts';
import { ip4, openIn } from './open.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

const macA = '0a:58:0a:2a:00:0a' as Mac;
const macB = '0a:58:0a:2a:00:0b' as Mac;
const macC = '0a:58:0a:2a:00:0c' as Mac;

t.test('permanent neighbours are set once and corrected', async (t) => {
  const { ns, nl } = openIn(t, 'neigh');
  const { link } = await nl.ensureBridge('br0', { up: true });
  const want = { index: link.index, address: ip4('10.42.0.9'), mac: macA };
  t.equal(await nl.ensureNeighbour(want), true);
  t.equal(await nl.ensureNeighbour(want), false);
  t.match(execJson(ns, 'ip', ['neigh', 'show']), [
    { dst: '10.42.0.9', dev: 'br0', lladdr: macA, state: ['PERMANENT'] },
  ]);
  t.equal(await nl.ensureNeighbour({ ...want, mac: macB }), true);
  t.match(await nl.listNeighbours(link.index), [{ address: want.address, mac: macB, permanent: true, failed: false }]);
  t.equal(await nl.dropNeighbour(want), true);
  t.equal(await nl.dropNeighbour(want), false);
  t.equal(await nl.dropNeighbour({ ...want, index: 999 }), false);
});

t.test('an entry that was learned becomes permanent; other devices are left out of the list', async (t) => {
  const { ns, nl } = openIn(t, 'learn');
  const { link } = await nl.ensureBridge('br0', { up: true });
  await nl.ensureBridge('br1', { up: true });
  exec(ns, 'ip', ['neigh', 'add', '10.42.0.9', 'lladdr', macA, 'dev', 'br0', 'nud', 'stale']);
  exec(ns, 'ip', ['neigh', 'add', '10.42.0.10', 'lladdr', macA, 'dev', 'br1', 'nud', 'permanent']);
  const want = { index: link.index, address: ip4('10.42.0.9'), mac: macA };
  t.match(await nl.listNeighbours(link.index), [{ address: want.address, mac: macA, permanent: false }]);
  t.equal(await nl.ensureNeighbour(want), true);
  t.match(await nl.listNeighbours(link.index), [{ permanent: true }]);
  t.equal((await nl.listNeighbours()).length, 2);
});

t.test('IPv6 neighbours', async (t) => {
  const { nl } = openIn(t, 'six');
  const { link } = await nl.ensureBridge('br0', { up: true });
  const want = { index: link.index, address: 'fd42::9', mac: macA };
  t.equal(await nl.ensureNeighbour(want), true);
  t.equal(await nl.ensureNeighbour(want), false);
  t.match(await nl.listNeighbours(link.index), [{ address: 'fd42::9', mac: macA, permanent: true }]);
});

interface BridgeFdb {
  mac: string;
  ifname: string;
  state?: string;
  master?: string;
  dst?: string;
}
const fdb = (ns: Namespace, mac: Mac): BridgeFdb[] =>
  execJson<BridgeFdb>(ns, 'bridge', ['fdb', 'show']).filter((entry) => entry.mac === mac);

t.test('static entries of a bridge: set, moved to another port, dropped', async (t) => {
  const { ns, nl } = openIn(t, 'fdb');
  const { link: bridge } = await nl.ensureBridge('br0', { up: true });
  await nl.createVeth({ name: 'p1', mac: macB, up: true, master: bridge.index }, { name: 'x1' });
  await nl.createVeth({ name: 'p2', mac: macC, up: true, master: bridge.index }, { name: 'x2' });
  const [one, two] = [(await nl.getLink('p1'))!.index, (await nl.getLink('p2'))!.index];
  t.equal(await nl.ensureFdb({ index: one, mac: macA }), true);
  t.equal(await nl.ensureFdb({ index: one, mac: macA }), false);
  t.match(fdb(ns, macA), [{ ifname: 'p1', master: 'br0', state: 'static' }]);
  t.equal(await nl.ensureFdb({ index: two, mac: macA }), true);
  t.match(fdb(ns, macA), [{ ifname: 'p2', master: 'br0', state: 'static' }]);
  t.equal(fdb(ns, macA).length, 1);

  const listed = await nl.listFdb({ bridge: bridge.index });
  t.match(
    listed.find((entry) => entry.mac === macA),
    { index: two, master: bridge.index, kind: 'static' },
  );
  t.match(
    listed.find((entry) => entry.mac === macB),
    { index: one, kind: 'local' },
  );
  t.notOk((await nl.listFdb({ bridge: bridge.index, port: one })).some((entry) => entry.mac === macA));
  t.ok((await nl.listFdb({ bridge: bridge.index, port: two })).some((entry) => entry.mac === macA));

  t.equal(await nl.dropFdb({ index: two, mac: macA }), true);
  t.equal(await nl.dropFdb({ index: two, mac: macA }), false);
  t.equal(await nl.dropFdb({ index: 999, mac: macA }), false);
  t.same(fdb(ns, macA), []);
});

t.test('a learned entry is made static', async (t) => {
  const { ns, nl } = openIn(t, 'dyn');
  const { link: bridge } = await nl.ensureBridge('br0', { up: true });
  await nl.createVeth({ name: 'p1', up: true, master: bridge.index }, { name: 'x1' });
  await nl.setLink('x1', { up: true });
  await until(5_000, 'the port forwards', () => exec(ns, 'bridge', ['link', 'show']).includes('state forwarding'));
  const { index } = (await nl.getLink('p1'))!;
  exec(ns, 'bridge', ['fdb', 'add', macA, 'dev', 'p1', 'master', 'dynamic']);
  t.match(
    (await nl.listFdb({ bridge: bridge.index, port: index })).find((entry) => entry.mac === macA),
    { kind: 'dynamic' },
  );
  t.equal(await nl.ensureFdb({ index, mac: macA }), true);
  t.match(fdb(ns, macA), [{ state: 'static' }]);
});

t.test('entries of a VXLAN device name the host behind which a MAC is', async (t) => {
  const { ns, nl } = openIn(t, 'vx');
  await nl.createVxlan('vt0', { vni: 1042, port: 4789, up: true });
  const { index } = (await nl.getLink('vt0'))!;
  const want = { index, mac: macA, dst: ip4('192.0.2.5') };
  t.equal(await nl.ensureFdb(want), true);
  t.equal(await nl.ensureFdb(want), false);
  t.match(fdb(ns, macA), [{ ifname: 'vt0', dst: '192.0.2.5', state: 'permanent' }]);
  t.equal(await nl.ensureFdb({ ...want, dst: ip4('192.0.2.6') }), true);
  t.same(await nl.listFdb({ own: index }), [{ ...want, dst: ip4('192.0.2.6'), master: undefined, kind: 'static' }]);
  t.equal(await nl.dropFdb({ ...want, dst: ip4('192.0.2.6') }), true);
  t.equal(await nl.dropFdb(want), false);
});
