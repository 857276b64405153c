// Writes what sources said to the store, a moment later and in small transactions. The store is only memory for the next
// start: while it refuses, metadata goes on from its own memory and tries again.
import type { Health } from '../shared/daemon/health.ts';
import { SuiteError } from '../shared/model/errors.ts';
import { Loop } from '../shared/reconcile/loop.ts';
import { first } from './first.ts';
import type { RecordChange, Store } from './store/store.ts';

/** About 3 ms of work. */
const sliceRecords = 150;

export class RecordKeeper {
  readonly #pending = new Map<string, RecordChange>();
  readonly #loop: Loop;
  readonly #store: Store;
  readonly #health: Health;

  constructor(store: Store, health: Health) {
    this.#store = store;
    this.#health = health;
    this.#loop = new Loop({
      quietMs: 10,
      pass: () => this.#write(),
      failed: (error) => this.#say(error),
    });
    this.#say(undefined);
  }

  /** How many changes wait; at most one an object, so bounded by the records there are. */
  get waiting(): number {
    return this.#pending.size;
  }

  add(changes: readonly RecordChange[]): void {
    for (const change of changes) this.#pending.set(`${change.source} ${change.key}`, change);
    this.#loop.poke();
  }

  /** Writes what waits, as far as the store takes it. */
  async close(): Promise<void> {
    await this.#loop.close();
    try {
      while (this.#pending.size > 0) await this.#write();
    } catch (error) {
      this.#say(error); // the sources will say it again
    }
  }

  async #write(): Promise<void> {
    const slice = first(this.#pending, sliceRecords);
    if (slice.length > 0) await this.#store.remember(slice.map(([, change]) => change));
    for (const [name, change] of slice) if (this.#pending.get(name) === change) this.#pending.delete(name);
    this.#say(undefined);
    if (this.#pending.size > 0) this.#loop.poke();
  }

  #say(error: unknown): void {
    if (error === undefined) {
      this.#health.set('records-kept', { ok: true, text: 'what sources said is in the store' });
      return;
    }
    const code = error instanceof SuiteError ? error.code : 'INTERNAL';
    const text = `served from memory, not kept for the next start: ${(error as Error).message}`;
    this.#health.set('records-kept', { ok: false, degradesOnly: true, code, text });
  }
}
