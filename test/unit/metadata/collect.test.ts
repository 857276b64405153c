import t from 'tap';
import { collectAfterMany } from '../../../daemons/metadata/collect.ts';
import { State } from '../../../daemons/metadata/state.ts';
import { clusterId, hostId, idOf } from '../../fixtures/records.ts';
import { until } from '../../netns/support/namespaces.ts';

t.test('what many objects leave behind is collected, though the process is idle', async (t) => {
  const state = new State({ clusterId, hostId, remember: () => undefined });
  const collection = collectAfterMany(state, 50);
  t.teardown(() => collection.close());
  const registry = new FinalizationRegistry<string>((name) => gone.add(name));
  const gone = new Set<string>();
  const blocks = (cidr: string) =>
    Array.from({ length: 20_000 }, (_, n) => ({ kind: 'block', id: idOf(n), network: 'n', cidr, hostId }) as const);
  const fill = async (): Promise<void> => {
    const old = blocks('10.0.0.0/24');
    registry.register(old, 'old');
    state.setOwn(old);
    await state.settled();
    state.setOwn(blocks('10.0.1.0/24'));
    await state.settled();
  };
  await fill();
  await until(30_000, 'a collection', () => {
    Array.from({ length: 1_000 }, (_, n) => ({ n })); // an idle process still asks for a little memory
    return gone.has('old');
  });
  t.equal(state.snapshot.count('block'), 20_000);
});
