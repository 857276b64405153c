import t, { type Test } from 'tap';
import type { SuiteError } from '../../../../daemons/shared/model/errors.ts';
import { keyOf, type SourceRecord } from '../../../../daemons/shared/model/objects.ts';
import type { Refusal } from '../../../../daemons/shared/model/wire.ts';
import { Records } from '../../../../daemons/shared/source/records.ts';
import { record } from '../../../fixtures/records.ts';
import { until } from '../../../netns/support/namespaces.ts';
import { openChannel, shortDirectory } from '../../metadata/channel.ts';

const make = (t: Test, socketPath: string) => {
  const states: (SuiteError | undefined)[] = [];
  const refused: Refusal[] = [];
  const records = new Records({
    socketPath,
    source: 'network-manager',
    onState: (fault) => states.push(fault),
    onRefused: (refusals) => refused.push(...refusals),
  });
  t.teardown(() => records.close());
  return { records, states, refused };
};

t.test('a change is acknowledged when metadata has it', async (t) => {
  const { state, recordsPath } = await openChannel(t);
  const { records, states, refused } = make(t, recordsPath);
  records.start([record(1), record(2, { name: '' }) as SourceRecord]);
  await until(2_000, 'up', () => states.length === 1);
  t.same(states, [undefined]);
  t.match(refused, [{ key: keyOf(record(2)), code: 'RECORD_INVALID' }]);
  await records.change([record(3)], [keyOf(record(1))]);
  t.same(
    [...state.snapshot.all('container')].map(({ name }) => name),
    ['c3'],
  );
  t.equal(records.all.size, 2);
});

t.test('what changed while metadata was away arrives with the next full set, and the wait ends', async (t) => {
  const dir = shortDirectory(t);
  const first = await openChannel(t, { dir });
  const { records, states } = make(t, first.recordsPath);
  records.start([record(1)]);
  await until(2_000, 'up', () => states.length === 1);
  await first.stop();
  await until(2_000, 'down', () => states.length === 2);
  t.equal(states[1]?.code, 'NOT_RUNNING');
  const waiting = records.change([record(2)], []);
  const second = await openChannel(t, { dir });
  await waiting;
  t.equal(second.state.snapshot.count('container'), 2);
  t.equal(second.state.snapshot.complete, true);
  t.equal(states.at(-1), undefined);
});

t.test('before the first full set is known nothing is sent and nobody waits', async (t) => {
  const { state, recordsPath } = await openChannel(t);
  const { records, states } = make(t, recordsPath);
  await records.change([record(1)], []);
  t.equal(state.snapshot.count('container'), 0);
  t.same(states, []);
  records.start([record(2)]);
  await until(2_000, 'both', () => state.snapshot.count('container') === 2);
});

t.test('waits do not pile up while metadata is away', async (t) => {
  const { records } = make(t, `${shortDirectory(t)}/nobody.sock`);
  records.start([]);
  let ended = 0;
  for (let n = 0; n < 1_100; n += 1) void records.change([record(n)], []).then(() => (ended += 1));
  await until(2_000, 'the oldest to give way', () => ended === 100);
});
