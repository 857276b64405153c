// The start from what the store remembers: taken in whole, and its garbage collected before anybody is served.
import { collectNow, manyRecords } from './collect.ts';
import type { State } from './state.ts';
import type { Store } from './store/store.ts';

export async function recall(state: State, store: Store, bootId: string): Promise<void> {
  if ((await recallAll(state, store, bootId)) > manyRecords) collectNow();
}

/** In a function of its own, so that nothing holds the records when it returns. */
async function recallAll(state: State, store: Store, bootId: string): Promise<number> {
  const remembered = await store.recall(bootId);
  await state.recall(remembered);
  return remembered.length;
}
