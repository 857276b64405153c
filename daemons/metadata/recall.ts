// The start from what the store remembers. A large set leaves twice its own size of garbage, which the engine would keep for
// long: it is collected before anybody is served.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { State } from './state.ts';
import type { Store } from './store/store.ts';

/** Below this many records the garbage is not worth a pause. */
const manyRecords = 20_000;

export async function recall(state: State, store: Store, bootId: string): Promise<void> {
  if ((await recallAll(state, store, bootId)) > manyRecords) collect();
}

/** In a function of its own, so that nothing holds the records when it returns. */
async function recallAll(state: State, store: Store, bootId: string): Promise<number> {
  const remembered = await store.recall(bootId);
  await state.recall(remembered);
  return remembered.length;
}

function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  setFlagsFromString('--no-expose-gc');
}
