import { statSync } from 'node:fs';
import t from 'tap';
import { keyOf } from '../../../daemons/shared/model/objects.ts';
import { record } from '../../fixtures/records.ts';
import { until } from '../../netns/support/namespaces.ts';
import { openChannel, rawSource } from './channel.ts';

const hello = (source = 'network-manager') => ({ hello: { proto: 1, source } });
const acks = (replies: Record<string, unknown>[]) => replies.flatMap((reply) => ('ack' in reply ? [reply.ack] : []));

t.test('a full set counts from synced on, then batches, each acknowledged', async (t) => {
  const { state, recordsPath } = await openChannel(t);
  t.equal(statSync(recordsPath).mode & 0o777, 0o600);
  const source = rawSource(t, recordsPath);
  source.say(hello(), { put: record(1) }, { put: record(2) });
  await until(2_000, 'hello', () => source.replies.length > 0);
  t.match(source.replies[0], { hello: { proto: 1, epoch: state.epoch, hostId: state.snapshot.hostId } });
  t.equal(state.snapshot.count('container'), 0);
  source.say({ synced: { seq: 1 } }, { batch: { seq: 2, put: [record(3)], drop: [keyOf(record(1))] } });
  await until(2_000, 'two acknowledgements', () => acks(source.replies).length === 2);
  t.match(acks(source.replies), [
    { seq: 1, refused: [] },
    { seq: 2, refused: [] },
  ]);
  t.same([...state.snapshot.all('container')].map(({ name }) => name).sort(), ['c2', 'c3']);
  t.equal(state.snapshot.complete, true);
});

t.test('a bad record is refused and named, the rest counts', async (t) => {
  const { state, recordsPath, metrics } = await openChannel(t);
  const source = rawSource(t, recordsPath);
  const huge = record(9, {
    labels: Object.fromEntries(Array.from({ length: 6 }, (_, n) => [`l${n}`, 'x'.repeat(60_000)])),
  });
  source.say(hello(), { put: record(1) }, { put: { ...record(2), ips: ['10.0.0.300'] } }, { put: 7 }, { put: huge });
  source.say(
    { synced: { seq: 1 } },
    { batch: { seq: 2, put: [record(4), null], drop: ['nonsense', 5, 'container/x'] } },
  );
  await until(2_000, 'two acknowledgements', () => acks(source.replies).length === 2);
  t.match(acks(source.replies), [
    {
      seq: 1,
      refused: [
        { key: keyOf(record(2)), code: 'RECORD_INVALID', reason: /ips/ },
        { code: 'RECORD_INVALID' },
        { key: keyOf(huge), reason: /more than/ },
      ],
    },
    { seq: 2, refused: [{ code: 'RECORD_INVALID' }] },
  ]);
  t.equal(state.snapshot.count('container'), 2);
  t.match(await metrics.text(), /corral_metadata_records_refused_total\{daemon="metadata"\} 4/);
});

t.test('the newest connection of a source replaces the older; another source is left alone', async (t) => {
  const { state, recordsPath } = await openChannel(t);
  const [old, other] = [rawSource(t, recordsPath), rawSource(t, recordsPath)];
  old.say(hello(), { put: record(1) }, { synced: { seq: 1 } });
  other.say(hello('overlay'), { synced: { seq: 1 } });
  await until(2_000, 'both acknowledged', () => acks(old.replies).length === 1 && acks(other.replies).length === 1);
  const fresh = rawSource(t, recordsPath);
  fresh.say(hello(), { put: record(2) });
  await until(2_000, 'the old one cut', () => old.closed);
  t.equal(other.closed, false);
  t.same(
    [...state.snapshot.all('container')].map(({ name }) => name),
    ['c1'],
    'until the new one is synced',
  );
  fresh.say({ synced: { seq: 1 } });
  await until(2_000, 'acknowledged', () => acks(fresh.replies).length === 1);
  t.same(
    [...state.snapshot.all('container')].map(({ name }) => name),
    ['c2'],
  );
});

t.test('a source that goes away leaves what it said', async (t) => {
  const { state, recordsPath } = await openChannel(t);
  const source = rawSource(t, recordsPath);
  source.say(hello(), { put: record(1) }, { synced: { seq: 1 } });
  await until(2_000, 'acknowledged', () => acks(source.replies).length === 1);
  const second = rawSource(t, recordsPath);
  second.say(hello(), { put: record(2) });
  second.socket.end();
  await until(2_000, 'closed', () => second.closed);
  t.same(
    [...state.snapshot.all('container')].map(({ name }) => name),
    ['c1'],
    'half a set counts for nothing',
  );
});

t.test('what is no protocol ends that connection only', async (t) => {
  const { state, recordsPath } = await openChannel(t);
  const good = rawSource(t, recordsPath);
  good.say(hello(), { synced: { seq: 1 } });
  const garbage: readonly (readonly (object | string)[])[] = [
    ['not json'],
    ['{}'],
    ['[]'],
    ['null'],
    [{ put: record(1) }],
    [{ hello: null }],
    [{ hello: { proto: 1, source: '../x' } }],
    [{ hello: { proto: 2, source: 'future' } }],
    [hello('a'), hello('a')],
    [hello('b'), { synced: {} }],
    [hello('c'), { synced: { seq: 1 } }, { synced: { seq: 2 } }],
    [hello('d'), { synced: { seq: 1 } }, { put: record(1) }],
    [hello('e'), { batch: { seq: 1, put: [], drop: [] } }],
    [hello('f'), { synced: { seq: 1 } }, { batch: { seq: 2, put: {}, drop: [] } }],
    [hello('g'), { synced: { seq: 1 } }, { batch: null }],
    ['\u0000\u0001\ufffd'],
    ['x'.repeat(5 * 1024 * 1024)],
  ];
  for (const lines of garbage) {
    const bad = rawSource(t, recordsPath);
    bad.say(...lines);
    await until(5_000, `cut after ${JSON.stringify(lines).slice(0, 60)}`, () => bad.closed);
  }
  good.say({ batch: { seq: 2, put: [record(1)], drop: [] } });
  await until(2_000, 'still served', () => acks(good.replies).length === 2);
  t.equal(state.snapshot.count('container'), 1);
});

t.test('records of a source are bounded', async (t) => {
  const { state, recordsPath } = await openChannel(t, { maxRecords: 3 });
  const source = rawSource(t, recordsPath);
  source.say(hello(), ...[1, 2, 3, 4].map((number) => ({ put: record(number) })), {
    put: record(1, { name: 'again' }),
  });
  source.say({ synced: { seq: 1 } }, { batch: { seq: 2, put: [record(5), record(1)], drop: [] } });
  await until(2_000, 'acknowledged', () => acks(source.replies).length === 2);
  t.match(acks(source.replies), [{ refused: [{ key: keyOf(record(4)) }] }, { refused: [{ key: keyOf(record(5)) }] }]);
  t.equal(state.snapshot.count('container'), 3);
});
