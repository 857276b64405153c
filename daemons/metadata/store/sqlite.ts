// The store of one host: one SQLite file. Calls are short and synchronous inside; the interface is asynchronous for etcd's sake.
import { randomUUID } from 'node:crypto';
import { openSqlite, type Sqlite } from '../../shared/effects/sqlite.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { blockAt, type Cidr4, parseCidr4, renderCidr4 } from '../../shared/model/ipv4.ts';
import { parseRecord } from '../../shared/model/parse-record.ts';
import { type NetworkPlan, parsePlan } from '../derive-networks.ts';
import { SharedTexts } from '../shared-texts.ts';
import type { Identity, RecordChange, RememberedRecord, Store } from './store.ts';

/** `migrations[n]` leads from format n to n + 1; never edited once released. */
export const migrations: readonly string[] = [
  `CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE networks (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE blocks (network TEXT NOT NULL, cidr TEXT NOT NULL, host TEXT NOT NULL, PRIMARY KEY (network, cidr))
     STRICT, WITHOUT ROWID;
   CREATE TABLE records (source TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (source, key))
     STRICT, WITHOUT ROWID`,
];

export interface OpenedStore {
  readonly store: Store;
  /** Where a broken file was put, if there was one. */
  readonly setAside: string | undefined;
}

/** Opens `<state>/store.sqlite`. Throws STORE_TOO_NEW or STORE_UNAVAILABLE. */
export function openSqliteStore(path: string): OpenedStore {
  const { database, setAside } = openSqlite(path, migrations);
  return { store: new SqliteStore(database), setAside };
}

class SqliteStore implements Store {
  readonly identity: Identity;
  readonly #database: Sqlite;

  constructor(database: Sqlite) {
    this.#database = database;
    this.identity = database.transaction(() => ({ clusterId: this.#uuid('cluster'), hostId: this.#uuid('host') }));
  }

  async networks(): Promise<ReadonlyMap<string, NetworkPlan>> {
    const plans = this.#database.all('SELECT body FROM networks').flatMap(({ body }) => parsePlan(String(body)) ?? []);
    return new Map(plans.map((plan) => [plan.name, plan]));
  }

  async saveNetwork(plan: NetworkPlan): Promise<void> {
    this.#database.transaction(() =>
      this.#database.run('INSERT OR REPLACE INTO networks VALUES (?, ?)', plan.name, JSON.stringify(plan)),
    );
  }

  async dropNetwork(name: string): Promise<void> {
    this.#database.transaction(() => {
      this.#database.run('DELETE FROM networks WHERE name = ?', name);
      this.#database.run('DELETE FROM blocks WHERE network = ? AND host = ?', name, this.identity.hostId);
    });
  }

  async claimBlock(network: string, subnet: Cidr4, prefix: number): Promise<Cidr4> {
    return this.#database.transaction(() => {
      const rows = this.#database.all('SELECT cidr, host FROM blocks WHERE network = ?', network);
      const own = rows.find(({ host }) => host === this.identity.hostId);
      const kept = own && parseCidr4(String(own.cidr));
      if (kept) return kept;
      const free = lowestFree(subnet, prefix, new Set(rows.map(({ cidr }) => String(cidr))));
      this.#database.run('INSERT INTO blocks VALUES (?, ?, ?)', network, renderCidr4(free), this.identity.hostId);
      return free;
    });
  }

  async recall(bootId: string): Promise<RememberedRecord[]> {
    this.#database.transaction(() => {
      if (this.#fact('boot') === bootId) return;
      this.#database.run("DELETE FROM records WHERE key LIKE 'container/%'");
      this.#setFact('boot', bootId);
    });
    const texts = new SharedTexts();
    const remembered: RememberedRecord[] = [];
    for (const { source, body } of this.#database.each('SELECT source, body FROM records')) {
      const record = readRecord(String(body), texts);
      if (record) remembered.push({ source: texts.share(String(source)), record });
    }
    return remembered;
  }

  async remember(changes: readonly RecordChange[]): Promise<void> {
    this.#database.transaction(() => {
      for (const { source, key, record } of changes) {
        if (record) {
          this.#database.run('INSERT OR REPLACE INTO records VALUES (?, ?, ?)', source, key, JSON.stringify(record));
        } else this.#database.run('DELETE FROM records WHERE source = ? AND key = ?', source, key);
      }
    });
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #uuid(name: string): string {
    const known = this.#fact(name);
    if (known !== undefined) return known;
    const made = randomUUID();
    this.#setFact(name, made);
    return made;
  }

  #fact(name: string): string | undefined {
    const row = this.#database.get('SELECT value FROM facts WHERE name = ?', name);
    return row && String(row.value);
  }

  #setFact(name: string, value: string): void {
    this.#database.run('INSERT OR REPLACE INTO facts VALUES (?, ?)', name, value);
  }
}

/** A row that an older or newer version wrote differently is left out: its source will say it again. */
function readRecord(body: string, { share }: SharedTexts): RememberedRecord['record'] | undefined {
  try {
    return parseRecord(JSON.parse(body), share);
  } catch {
    return undefined;
  }
}

function lowestFree(subnet: Cidr4, prefix: number, taken: ReadonlySet<string>): Cidr4 {
  for (let at = 0; ; at += 1) {
    const block = blockAt(subnet, prefix, at);
    if (!block) {
      throw new SuiteError('NO_BLOCK_LEFT', `claim a /${prefix} of ${renderCidr4(subnet)}: all ${at} are taken`, {
        hint: 'remove hosts that are gone (corral host rm), or choose a larger subnet or a longer block',
      });
    }
    if (!taken.has(renderCidr4(block))) return block;
  }
}
