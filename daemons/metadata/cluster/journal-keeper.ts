// Writes what was read from the cluster's store to the own disk, a moment later and in small transactions. It is memory for the
// next start alone: while the disk refuses, the cluster goes on.
import type { Health } from '../../shared/daemon/health.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { Loop } from '../../shared/reconcile/loop.ts';
import { first } from '../first.ts';
import type { Journal, Kept } from '../store/journal.ts';

const sliceKeys = 500;

export class JournalKeeper {
  readonly #pending = new Map<string, Kept | undefined>();
  readonly #journal: Journal;
  readonly #health: Health;
  readonly #loop: Loop;

  constructor(journal: Journal, health: Health) {
    this.#journal = journal;
    this.#health = health;
    this.#loop = new Loop({
      quietMs: 50,
      pass: async () => this.#write(),
      failed: (error) => this.#say(error),
    });
  }

  add(key: string, kept: Kept | undefined): void {
    this.#pending.set(key, kept);
    this.#loop.poke();
  }

  keepGone(gone: ReadonlyMap<string, number>): void {
    try {
      this.#journal.keepGone(gone);
    } catch (error) {
      this.#say(error);
    }
  }

  async close(): Promise<void> {
    await this.#loop.close();
    try {
      while (this.#pending.size > 0) this.#write();
    } catch (error) {
      this.#say(error); // the store will tell it again
    }
  }

  #write(): void {
    const slice = first(this.#pending, sliceKeys);
    if (slice.length > 0) this.#journal.keep(slice);
    for (const [key, kept] of slice) if (this.#pending.get(key) === kept) this.#pending.delete(key);
    this.#say(undefined);
    if (this.#pending.size > 0) this.#loop.poke();
  }

  #say(error: unknown): void {
    if (error === undefined) {
      this.#health.set('cluster-kept', { ok: true, text: 'what the cluster said is kept for the next start' });
      return;
    }
    const code = error instanceof SuiteError ? error.code : 'INTERNAL';
    const text = `the cluster is served, not kept for the next start: ${(error as Error).message}`;
    this.#health.set('cluster-kept', { ok: false, degradesOnly: true, code, text });
  }
}
