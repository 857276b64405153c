import { createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { SuiteError } from '../../../../daemons/shared/model/errors.ts';
import { keyOf } from '../../../../daemons/shared/model/objects.ts';
import type { Change, Snapshot } from '../../../../daemons/shared/model/snapshot.ts';
import { type WatchOptions, watchSnapshot } from '../../../../daemons/shared/source/watch.ts';
import { record } from '../../../fixtures/records.ts';
import { until } from '../../../netns/support/namespaces.ts';
import { openChannel, shortDirectory } from '../../metadata/channel.ts';

const collect = (t: Test, socketPath: string, kinds?: WatchOptions['kinds']) => {
  const seen: { snapshot: Snapshot; change: Change }[] = [];
  const states: (SuiteError | undefined)[] = [];
  const watch = watchSnapshot({
    socketPath,
    ...(kinds ? { kinds } : {}),
    onSnapshot: (snapshot, change) => seen.push({ snapshot, change }),
    onState: (fault) => states.push(fault),
  });
  t.teardown(() => watch.close());
  return { seen, states };
};

t.test('a snapshot, then changes', async (t) => {
  const { state, watchPath } = await openChannel(t);
  await state.change('network-manager', [record(1)], []);
  const { seen, states } = collect(t, watchPath);
  await until(2_000, 'the first snapshot', () => seen.length === 1);
  t.same(states, [undefined]);
  t.equal(seen[0]?.snapshot.complete, false);
  await state.replace('network-manager', new Map([[keyOf(record(2)), record(2)]]));
  await until(2_000, 'the change', () => seen.length === 2);
  t.match(seen[1], { snapshot: { complete: true }, change: { put: [{ name: 'c2' }], drop: [keyOf(record(1))] } });
});

t.test('after a restart of metadata only the difference is told, and a stale snapshot stays', async (t) => {
  const dir = shortDirectory(t);
  const first = await openChannel(t, { dir });
  await first.state.replace('network-manager', new Map([1, 2].map((n) => [keyOf(record(n)), record(n)])));
  const { seen, states } = collect(t, first.watchPath);
  await until(2_000, 'the first snapshot', () => seen.length === 1);
  await first.stop();
  await until(2_000, 'the loss', () => states.length === 2);
  t.equal(states[1]?.code, 'NOT_RUNNING');
  const second = await openChannel(t, { dir });
  void second.state.recall([2, 3].map((n) => ({ source: 'network-manager', record: record(n) })));
  await second.state.settled();
  await until(
    5_000,
    'the second snapshot',
    () => seen.length > 1 && seen.at(-1)?.snapshot.get('container', record(3).id),
  );
  const last = seen.at(-1)!.snapshot;
  t.same([...last.all('container')].map(({ name }) => name).sort(), ['c2', 'c3']);
  t.equal(last.complete, false);
  t.notOk(
    seen.slice(1).some(({ change }) => change.put.some(({ id }) => id === record(2).id)),
    'c2 never changed',
  );
  t.equal(states.at(-1), undefined);
});

t.test('another host’s metadata starts from nothing', async (t) => {
  const dir = shortDirectory(t);
  const first = await openChannel(t, { dir });
  await first.state.change('a', [record(1)], []);
  const { seen } = collect(t, first.watchPath);
  await until(2_000, 'the first snapshot', () => seen.length === 1);
  await first.stop();
  const other = '99999999-9999-4999-8999-999999999999';
  await openChannel(t, { dir, hostId: other });
  await until(5_000, 'the other host', () => seen.at(-1)?.snapshot.hostId === other);
  t.equal(seen.at(-1)?.snapshot.count('container'), 0);
});

t.test('nobody there, or a peer that speaks something else: a fault once, and it goes on trying', async (t) => {
  const path = join(shortDirectory(t), 'x.sock');
  const { states } = collect(t, path);
  await until(2_000, 'a fault', () => states.length === 1);
  t.equal(states[0]?.code, 'NOT_RUNNING');
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    socket.end('HTTP/1.1 200 OK\r\n\r\n{"hello":{"proto":99,"hostId":"x"}}\n');
  });
  server.listen(path);
  t.teardown(() => void server.close());
  await until(5_000, 'two tries', () => connections >= 2);
  t.equal(states.length, 1);
});
