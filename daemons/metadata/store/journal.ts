// What a member of a cluster keeps of it on its own disk, so that a start without the store serves what was known last and
// claims nothing twice: the cluster's facts by key, and how long hosts have been gone.
import type { Sqlite } from '../../shared/effects/sqlite.ts';

/** A value of the cluster's store, as it was read. */
export interface Kept {
  readonly key: string;
  readonly value: string;
  readonly created: number;
  readonly modified: number;
}

export class Journal {
  readonly #database: Sqlite;

  constructor(database: Sqlite) {
    this.#database = database;
  }

  /** A word about the whole, such as the cluster that this host has joined. */
  fact(name: string): string | undefined {
    const row = this.#database.get('SELECT value FROM facts WHERE name = ?', name);
    return row && String(row.value);
  }

  setFact(name: string, value: string): void {
    this.#database.transaction(() => this.#database.run('INSERT OR REPLACE INTO facts VALUES (?, ?)', name, value));
  }

  all(): Kept[] {
    return this.#database.all('SELECT key, value, created, modified FROM cluster').map((row) => ({
      key: String(row.key),
      value: String(row.value),
      created: Number(row.created),
      modified: Number(row.modified),
    }));
  }

  /** All of the changes or none; undefined removes. */
  keep(changes: readonly (readonly [string, Kept | undefined])[]): void {
    this.#database.transaction(() => {
      for (const [key, kept] of changes) {
        if (!kept) this.#database.run('DELETE FROM cluster WHERE key = ?', key);
        else {
          const { value, created, modified } = kept;
          this.#database.run('INSERT OR REPLACE INTO cluster VALUES (?, ?, ?, ?)', key, value, created, modified);
        }
      }
    });
  }

  /** Milliseconds for which hosts have been gone, by uuid. */
  gone(): Map<string, number> {
    return new Map(this.#database.all('SELECT host, ms FROM gone').map(({ host, ms }) => [String(host), Number(ms)]));
  }

  keepGone(gone: ReadonlyMap<string, number>): void {
    this.#database.transaction(() => {
      this.#database.run('DELETE FROM gone');
      for (const [host, ms] of gone) this.#database.run('INSERT INTO gone VALUES (?, ?)', host, Math.round(ms));
    });
  }
}
