import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import t, { type Test } from 'tap';
import { LineCutter } from '../../../daemons/shared/model/lines.ts';
import { keyOf } from '../../../daemons/shared/model/objects.ts';
import type { WatchLine } from '../../../daemons/shared/model/wire.ts';
import { callJson } from '../../../daemons/shared/source/call.ts';
import { host, record } from '../../fixtures/records.ts';
import { until } from '../../netns/support/namespaces.ts';
import { openChannel } from './channel.ts';

const many = (count: number, differing = {}) =>
  new Map(Array.from({ length: count }, (_, n) => [keyOf(record(n)), record(n, differing)] as const));

const open = async (t: Test, path: string, kinds = '') => {
  const outgoing = request({ socketPath: path, path: `/v1/watch${kinds}`, agent: false });
  outgoing.on('error', () => undefined);
  t.teardown(() => outgoing.destroy());
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  return incoming;
};

const follow = (incoming: IncomingMessage): WatchLine[] => {
  const lines: WatchLine[] = [];
  const cutter = new LineCutter();
  incoming.on('error', () => undefined);
  incoming.on('data', (chunk: Buffer) => lines.push(...cutter.push(chunk).map((line) => JSON.parse(line))));
  return lines;
};

t.test('hello, the full set, synced, then a batch a revision', async (t) => {
  const { state, watchPath } = await openChannel(t);
  state.setOwn([host()]);
  await state.replace('network-manager', many(600));
  const { revision } = state.snapshot;
  const lines = follow(await open(t, watchPath));
  await until(2_000, 'synced', () => lines.some((line) => 'synced' in line));
  t.match(lines[0], { hello: { proto: 1, epoch: state.epoch, revision, hostId: state.snapshot.hostId } });
  t.equal(lines.filter((line) => 'put' in line).length, 601);
  t.match(lines.at(-1), { synced: { revision, complete: true } });
  await state.change('network-manager', [record(1, { health: 'healthy' })], [keyOf(record(2))]);
  await until(2_000, 'a batch', () => lines.some((line) => 'batch' in line));
  t.match(lines.at(-1), {
    batch: { revision: revision + 1, complete: true, put: [{ id: record(1).id }], drop: [keyOf(record(2))] },
  });
});

t.test('changes while the set is still written come after it', async (t) => {
  const { state, watchPath } = await openChannel(t);
  await state.replace('network-manager', many(3_000));
  const incoming = await open(t, watchPath);
  await state.change('network-manager', [], [keyOf(record(5))]);
  const lines = follow(incoming);
  await until(5_000, 'the batch', () => lines.some((line) => 'batch' in line));
  const synced = lines.findIndex((line) => 'synced' in line);
  t.ok(lines.findIndex((line) => 'batch' in line) > synced);
});

t.test('kinds filter: what does not concern the reader is not told', async (t) => {
  const { state, watchPath } = await openChannel(t);
  const lines = follow(await open(t, watchPath, '?kinds=host,stack'));
  await state.change('a', [record(1)], []);
  await state.change('a', [host({ id: '22222222-2222-4222-8222-222222222222' })], []);
  await until(2_000, 'the host', () => lines.some((line) => 'batch' in line));
  t.match(lines.slice(2), [{ batch: { put: [{ kind: 'host' }] } }]);
  await t.rejects(callJson(watchPath, '/v1/watch?kinds=secrets'), { code: 'USAGE' });
});

t.test('a reader that does not read is cut, the others go on', async (t) => {
  const { state, watchPath, metrics } = await openChannel(t, { maxBehind: 2 * 1024 * 1024 });
  const stuck = await open(t, watchPath);
  stuck.on('error', () => undefined);
  stuck.pause();
  const lines = follow(await open(t, watchPath));
  for (let round = 1; !/watchers_cut_total\{daemon="metadata"\} 1/.test(await metrics.text()); round += 1) {
    if (round > 100) throw new Error('the slow reader is never cut');
    await state.change('a', [...many(200, { startCount: round, hostname: 'h'.repeat(1_000) }).values()], []);
    await until(2_000, 'the good reader to follow', () => {
      const last = lines.at(-1);
      return last && 'batch' in last && last.batch.revision === state.snapshot.revision;
    });
  }
  t.match(await metrics.text(), /corral_metadata_watchers\{daemon="metadata"\} 1/);
});

t.test('a large change travels in several lines of bounded length', async (t) => {
  const { state, watchPath } = await openChannel(t);
  const lines = follow(await open(t, watchPath));
  const labels = { big: 'x'.repeat(60_000) };
  await state.change('a', [...many(100, { labels }).values()], []);
  await until(
    5_000,
    'all of them',
    () => lines.flatMap((line) => ('batch' in line ? line.batch.put : [])).length === 100,
  );
  const lengths = lines.map((line) => JSON.stringify(line).length);
  t.ok(Math.max(...lengths) < 1024 * 1024, `${Math.max(...lengths)}`);
});
