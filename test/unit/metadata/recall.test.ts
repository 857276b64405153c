import t from 'tap';
import { recall } from '../../../daemons/metadata/recall.ts';
import { State } from '../../../daemons/metadata/state.ts';
import type { Store } from '../../../daemons/metadata/store/store.ts';
import { clusterId, hostId, record } from '../../fixtures/records.ts';

t.test('a large set is served whole, and its garbage is gone', async (t) => {
  const count = 25_000;
  const state = new State({ clusterId, hostId, remember: () => undefined });
  const store = {
    recall: async () => Array.from({ length: count }, (_, n) => ({ source: 'network-manager', record: record(n) })),
  } as unknown as Store;
  await recall(state, store, 'boot');
  t.equal(state.snapshot.count('container'), count);
  const before = process.memoryUsage().heapUsed;
  t.ok(before < 120e6, `${(before / 1e6).toFixed(0)} MB`);
  t.equal((globalThis as { gc?: unknown }).gc, undefined, 'nobody else gets the collector');
});
