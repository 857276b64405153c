// The store of one host: one SQLite file. Calls are short and synchronous inside; the interface is asynchronous for etcd's sake.
// A member of a cluster keeps the same file, as its memory of what it owns.
import { randomUUID } from 'node:crypto';
import { openSqlite, type Sqlite } from '../../shared/effects/sqlite.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { type Cidr4, type Ipv4, parseCidr4, parseIpv4, renderCidr4, renderIpv4 } from '../../shared/model/ipv4.ts';
import { parseRecord } from '../../shared/model/parse-record.ts';
import { type NetworkPlan, parsePlan } from '../derive-networks.ts';
import { SharedTexts } from '../shared-texts.ts';
import { freeAddresses, freeBlocks } from './choose.ts';
import { Journal } from './journal.ts';
import {
  type AddressClaim,
  type AddressWish,
  type Identity,
  maxBlocks,
  type RecordChange,
  type RememberedRecord,
  type Store,
} from './store.ts';

/** `migrations[n]` leads from format n to n + 1; never edited once released. */
export const migrations: readonly string[] = [
  `CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE networks (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE blocks (network TEXT NOT NULL, cidr TEXT NOT NULL, host TEXT NOT NULL, PRIMARY KEY (network, cidr))
     STRICT, WITHOUT ROWID;
   CREATE TABLE records (source TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (source, key))
     STRICT, WITHOUT ROWID`,
  `ALTER TABLE blocks ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
   CREATE TABLE addresses (network TEXT NOT NULL, ip TEXT NOT NULL, owner TEXT NOT NULL, PRIMARY KEY (network, ip))
     STRICT, WITHOUT ROWID;
   CREATE TABLE cluster (key TEXT PRIMARY KEY, value TEXT NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL)
     STRICT, WITHOUT ROWID;
   CREATE TABLE gone (host TEXT PRIMARY KEY, ms INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
];

export interface OpenedStore {
  readonly store: SqliteStore;
  /** Where a broken file was put, if there was one. */
  readonly setAside: string | undefined;
}

/** A block of this host; the one with the lowest number is the first. */
export interface OwnBlock {
  readonly network: string;
  readonly block: Cidr4;
  readonly number: number;
}

/** Opens `<state>/store.sqlite`. Throws STORE_TOO_NEW or STORE_UNAVAILABLE. */
export function openSqliteStore(path: string): OpenedStore {
  const { database, setAside } = openSqlite(path, migrations);
  return { store: new SqliteStore(database), setAside };
}

export class SqliteStore implements Store {
  readonly journal: Journal;
  readonly #database: Sqlite;
  #identity: Identity;

  constructor(database: Sqlite) {
    this.#database = database;
    this.journal = new Journal(database);
    this.#identity = database.transaction(() => ({ clusterId: this.#uuid('cluster'), hostId: this.#uuid('host') }));
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** From now on this host belongs to that cluster. */
  setCluster(clusterId: string): void {
    this.journal.setFact('cluster', clusterId);
    this.#identity = { ...this.#identity, clusterId };
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
      this.#database.run('DELETE FROM addresses WHERE network = ?', name);
    });
  }

  async blocks(network: string): Promise<readonly Cidr4[]> {
    return this.ownBlocks(network).map(({ block }) => block);
  }

  /** In order, of one network or of all. */
  ownBlocks(network?: string): OwnBlock[] {
    const rows = this.#database.all('SELECT network, cidr, number FROM blocks WHERE host = ?', this.identity.hostId);
    return rows
      .filter((row) => network === undefined || row.network === network)
      .flatMap((row): OwnBlock[] => {
        const block = parseCidr4(String(row.cidr));
        return block ? [{ network: String(row.network), block, number: Number(row.number) }] : [];
      })
      .sort((a, b) => a.number - b.number || a.block.base - b.block.base);
  }

  async claimBlock(network: string, subnet: Cidr4, prefix: number): Promise<Cidr4> {
    return this.#database.transaction(() => this.ownBlocks(network)[0]?.block ?? this.#claim(network, subnet, prefix));
  }

  async claimAnother(network: string, subnet: Cidr4, prefix: number): Promise<Cidr4> {
    return this.#database.transaction(() => {
      refuseTooMany(network, this.ownBlocks(network).length);
      return this.#claim(network, subnet, prefix);
    });
  }

  /** Notes a block that was claimed elsewhere. */
  addBlock(network: string, block: Cidr4, number: number): void {
    const { hostId } = this.identity;
    this.#database.transaction(() =>
      this.#database.run(
        'INSERT OR REPLACE INTO blocks (network, cidr, host, number) VALUES (?, ?, ?, ?)',
        network,
        renderCidr4(block),
        hostId,
        number,
      ),
    );
  }

  async releaseBlock(network: string, block: Cidr4): Promise<boolean> {
    const cidr = renderCidr4(block);
    if (!this.ownBlocks(network).some((own) => renderCidr4(own.block) === cidr)) return false;
    this.#database.transaction(() =>
      this.#database.run('DELETE FROM blocks WHERE network = ? AND cidr = ?', network, cidr),
    );
    return true;
  }

  async claimAddress({ network, subnet, owner, ip, exclude }: AddressWish): Promise<AddressClaim> {
    return this.#database.transaction(() => {
      const claims = this.ownAddresses(network);
      const held = claims.find((claim) => (ip === undefined ? claim.owner === owner : claim.ip === renderIpv4(ip)));
      if (held) return held;
      const taken = new Set(claims.flatMap((claim) => parseIpv4(claim.ip) ?? []));
      const free = ip ?? freeAddresses(subnet, (one: Ipv4) => taken.has(one) || exclude.has(one))[0]!;
      this.addAddress(network, renderIpv4(free), owner);
      return { network, ip: renderIpv4(free), owner, hostId: this.identity.hostId };
    });
  }

  /** Notes an address that was claimed elsewhere. */
  addAddress(network: string, ip: string, owner: string): void {
    this.#database.run('INSERT OR REPLACE INTO addresses VALUES (?, ?, ?)', network, ip, owner);
  }

  async releaseAddress(network: string, ip: string, owner: string): Promise<boolean> {
    if (!this.ownAddresses(network).some((claim) => claim.ip === ip && claim.owner === owner)) return false;
    this.#database.transaction(() =>
      this.#database.run('DELETE FROM addresses WHERE network = ? AND ip = ?', network, ip),
    );
    return true;
  }

  async addresses(network: string): Promise<readonly AddressClaim[]> {
    return this.ownAddresses(network);
  }

  /** Claims in one network or in all. */
  ownAddresses(network?: string): AddressClaim[] {
    const { hostId } = this.identity;
    const rows =
      network === undefined
        ? this.#database.all('SELECT network, ip, owner FROM addresses')
        : this.#database.all('SELECT network, ip, owner FROM addresses WHERE network = ?', network);
    return rows.map((row) => ({
      network: String(row.network),
      ip: String(row.ip),
      owner: String(row.owner),
      hostId,
    }));
  }

  /** True if containers of this boot have addresses of a network of ours. */
  hasAttached(bootId: string): boolean {
    if (this.journal.fact('boot') !== bootId) return false;
    for (const { body } of this.#database.each("SELECT body FROM records WHERE key LIKE 'container/%'")) {
      const record = readRecord(String(body), new SharedTexts());
      if (record?.kind === 'container' && record.network !== null && record.ips.length > 0) return true;
    }
    return false;
  }

  /** Forgets what this host has of networks: it begins anew in a cluster. */
  becomeNew(): void {
    this.#database.transaction(() => {
      for (const table of ['networks', 'blocks', 'addresses', 'cluster', 'gone'])
        this.#database.run(`DELETE FROM ${table}`);
    });
  }

  async recall(bootId: string): Promise<RememberedRecord[]> {
    this.#database.transaction(() => {
      if (this.journal.fact('boot') === bootId) return;
      this.#database.run("DELETE FROM records WHERE key LIKE 'container/%'");
      this.#setFact('boot', bootId);
    });
    const texts = new SharedTexts();
    const remembered: RememberedRecord[] = [];
    // Row by row: all rows at once are more garbage than the records themselves.
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

  #claim(network: string, subnet: Cidr4, prefix: number): Cidr4 {
    const rows = this.#database.all('SELECT cidr FROM blocks WHERE network = ?', network);
    const taken = rows.flatMap(({ cidr }) => parseCidr4(String(cidr)) ?? []);
    const free = freeBlocks(subnet, prefix, taken)[0]!;
    const number = 1 + Math.max(-1, ...this.ownBlocks(network).map((own) => own.number));
    this.#database.run(
      'INSERT INTO blocks (network, cidr, host, number) VALUES (?, ?, ?, ?)',
      network,
      renderCidr4(free),
      this.identity.hostId,
      number,
    );
    return free;
  }

  #uuid(name: string): string {
    const known = this.journal.fact(name);
    if (known !== undefined) return known;
    const made = randomUUID();
    this.#setFact(name, made);
    return made;
  }

  #setFact(name: string, value: string): void {
    this.#database.run('INSERT OR REPLACE INTO facts VALUES (?, ?)', name, value);
  }
}

export function refuseTooMany(network: string, blocks: number): void {
  if (blocks < maxBlocks) return;
  throw new SuiteError('NO_BLOCK_LEFT', `claim one more block of ${network}: this host has ${blocks}`, {
    hint: 'a host has at most 16 blocks of a network; make a network with larger blocks',
  });
}

/** A row that an older or newer version wrote differently is left out: its source will say it again. */
function readRecord(body: string, { share }: SharedTexts): RememberedRecord['record'] | undefined {
  try {
    return parseRecord(JSON.parse(body), share);
  } catch {
    return undefined;
  }
}
