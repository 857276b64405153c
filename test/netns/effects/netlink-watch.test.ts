import { spawnSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import t from 'tap';
import { type Change, type WatchGroup, watchNetlink } from '../../../daemons/shared/effects/netlink-watch.ts';
import { openNetns } from '../../../daemons/shared/effects/netns.ts';
import { parseCidr4 } from '../../../daemons/shared/model/ipv4.ts';
import type { Mac } from '../../../daemons/shared/model/mac.ts';
import { exec, isRoot, type Namespace, type TestScope, until } from '../support/namespaces.ts';
import { ip4, openIn } from './open.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

const all: WatchGroup[] = ['link', 'address', 'route', 'neighbour'];

interface Seen {
  changes: Change[];
  resyncs: number;
  ended: unknown[];
  close(): Promise<void>;
}

function watch(
  t: TestScope,
  ns: Namespace,
  options: { groups?: WatchGroup[]; receiveBuffer?: number; keepAlive?: boolean } = {},
): Seen {
  const netns = openNetns(ns.path);
  const seen: Seen = { changes: [], resyncs: 0, ended: [], close: async () => {} };
  const { close } = watchNetlink({
    groups: all,
    ...options,
    netns,
    onChanges: (changes) => seen.changes.push(...changes),
    onResync: () => {
      seen.resyncs += 1;
    },
    onEnd: (error) => seen.ended.push(error),
  });
  seen.close = close;
  netns.close();
  t.teardown(close);
  return seen;
}

t.test('each kind of change is told with its device', async (t) => {
  const { ns, nl } = openIn(t, 'kinds');
  const seen = watch(t, ns);
  const has = (want: Partial<Change>) => (): boolean =>
    seen.changes.some((change) => Object.entries(want).every(([key, value]) => change[key as keyof Change] === value));
  const { link } = await nl.ensureBridge('br0', { up: true });
  const { index } = link;
  await until(5_000, 'link', has({ kind: 'link', gone: false, index }));
  await nl.ensureAddress({ index, address: ip4('10.42.0.1'), prefix: 24 });
  await until(5_000, 'address', has({ kind: 'address', gone: false, index }));
  await nl.ensureRoute({ dst: parseCidr4('10.43.0.0/24')!, type: 'unreachable' });
  await until(5_000, 'route', has({ kind: 'route', gone: false }));
  const entry = { index, address: ip4('10.42.0.9'), mac: '0a:58:0a:2a:00:09' as Mac };
  await nl.ensureNeighbour(entry);
  await until(5_000, 'neighbour', has({ kind: 'neighbour', gone: false, index }));
  await nl.dropNeighbour(entry);
  await until(5_000, 'neighbour gone', has({ kind: 'neighbour', gone: true, index }));
  await nl.createVeth({ name: 'p', master: index }, { name: 'q' });
  const port = (await nl.getLink('p'))!.index;
  await nl.ensureFdb({ index: port, mac: entry.mac });
  await until(5_000, 'forwarding entry', has({ kind: 'fdb', gone: false, index: port }));
  await nl.dropLink('p');
  await until(5_000, 'link gone', has({ kind: 'link', gone: true, index: port }));
  t.same([seen.resyncs, seen.ended], [0, []]);
});

t.test('a notice of a route tells what route, whose, and whether another one had its place', async (t) => {
  const { ns, nl } = openIn(t, 'routes');
  const { link } = await nl.ensureBridge('br0', { up: true });
  const { index } = link;
  const seen = watch(t, ns, { groups: ['route'] });
  const dst = parseCidr4('10.43.1.0/24')!;
  const last = (count: number) =>
    until(5_000, `${count} notices`, () => {
      const told = seen.changes.filter(({ route }) => route?.dst.base === dst.base);
      return told.length === count && told.at(-1);
    });
  const via = ip4('10.43.1.0');
  await nl.setRoute({ dst, index, protocol: 4 });
  t.match(await last(1), { gone: false, route: { index, isMain: true, isOurs: false, replaces: false } });
  await nl.setRoute({ dst, index, via, onlink: true });
  t.match(await last(2), { gone: false, route: { index, via, type: 'unicast', isOurs: true, replaces: true } });
  await nl.dropRoute({ dst });
  t.match(await last(3), { gone: true, route: { via, isOurs: true, replaces: false } });
  await nl.setRoute({ dst, index, via, onlink: true });
  t.match(await last(4), { gone: false, route: { via, isOurs: true, replaces: false } });
  await nl.setRoute({ dst, index, table: 1_000 });
  t.match(await last(5), { gone: false, route: { isMain: false, isOurs: true } });
});

t.test('only the groups that were asked for', async (t) => {
  const { ns, nl } = openIn(t, 'groups');
  const seen = watch(t, ns, { groups: ['address'] });
  const { link } = await nl.ensureBridge('br0', { up: true });
  await nl.ensureAddress({ index: link.index, address: ip4('10.42.0.1'), prefix: 24 });
  await until(5_000, 'address', () => seen.changes.length > 0);
  t.same([...new Set(seen.changes.map((change) => change.kind))], ['address']);
});

/** Makes `count` link events in the namespace while this process does nothing else at all. */
function storm(ns: Namespace, count: number): void {
  const lines = Array.from({ length: count }, (_, n) => `link set dev br0 mtu ${1_000 + (n % 2)}`);
  exec(ns, 'ip', ['-batch', '-'], `${lines.join('\n')}\n`);
}

t.test(
  'more than 2,000 events while the loop is blocked: lost ones are announced, and the watch goes on',
  async (t) => {
    const { ns, nl } = openIn(t, 'storm');
    const { link } = await nl.ensureBridge('br0', { up: true });
    const seen = watch(t, ns, { receiveBuffer: 64 * 1024 });
    storm(ns, 2_500);
    await until(5_000, 'an overrun is announced', () => seen.resyncs > 0);
    t.ok(seen.changes.length < 2_500, 'the buffer was too small for all');
    const before = seen.changes.length;
    await nl.setLink('br0', { mtu: 1_234 });
    await until(5_000, 'later events arrive', () =>
      seen.changes.slice(before).some((change) => change.index === link.index),
    );
    t.same(seen.ended, []);
  },
);

t.test('a buffer of ordinary size holds 2,000 events', async (t) => {
  const { ns, nl } = openIn(t, 'calm');
  await nl.ensureBridge('br0', { up: true });
  const seen = watch(t, ns, { receiveBuffer: 8 << 20 });
  storm(ns, 2_000);
  await until(5_000, 'all events', () => seen.changes.filter((change) => change.kind === 'link').length >= 2_000);
  t.equal(seen.resyncs, 0);
});

const sockets = (): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;

t.test('closing ends the callbacks and gives the descriptor back', async (t) => {
  for (const keepAlive of [true, false]) {
    const { ns, nl } = openIn(t, 'close');
    const before = sockets();
    const seen = watch(t, ns, { keepAlive });
    t.equal(sockets(), before + 1);
    const closing = seen.close();
    await nl.ensureBridge('br0', { up: true });
    await closing;
    await seen.close();
    t.equal(sockets(), before);
    t.same(seen.changes, []);
    t.same(seen.ended, []);
  }
});

t.test('a watch that polls notices changes too, and lets its process end', async (t) => {
  const { ns, nl } = openIn(t, 'poll');
  const seen = watch(t, ns, { keepAlive: false });
  await nl.ensureBridge('br0', { up: true });
  await until(5_000, 'link', () => seen.changes.some((change) => change.kind === 'link'));

  const source = new URL('../../../daemons/shared/effects/netlink-watch.ts', import.meta.url).href;
  const script = `import { watchNetlink } from ${JSON.stringify(source)};
    watchNetlink({ groups: ['link'], keepAlive: false, onChanges() {}, onResync() {}, onEnd() {} });`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 20_000 });
  t.equal(child.status, 0, child.stderr.toString());
});

t.test('what IPv6 makes on each device by itself is no change of addresses or routes', async (t) => {
  const { ns, nl } = openIn(t, 'linklocal');
  const seen = watch(t, ns, { groups: ['address', 'route'] });
  await nl.ensureBridge('br0', { up: true });
  await nl.createVeth({ name: 'a', up: true }, { name: 'b' });
  await nl.setLink('b', { up: true });
  await until(5_000, 'both ends have a link-local address', () =>
    /fe80.*fe80/s.test(exec(ns, 'ip', ['-6', '-o', 'address', 'show'])),
  );
  const { link } = await nl.ensureBridge('br0', {});
  await nl.ensureAddress({ index: link.index, address: ip4('10.42.0.1'), prefix: 24 });
  await until(5_000, 'the IPv4 address is told', () => seen.changes.some(({ kind }) => kind === 'address'));
  t.same(
    seen.changes.filter(({ kind, index }) => kind === 'address' && index !== link.index),
    [],
  );
  const routes = exec(ns, 'ip', ['-4', 'route', 'show', 'table', 'all']).trim().split('\n');
  t.ok(seen.changes.filter(({ kind }) => kind === 'route').length <= routes.length, 'routes of IPv4 alone');
});
