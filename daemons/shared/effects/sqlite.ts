// The only importer of node:sqlite. Opens a database that survives kill -9 (WAL, one writer), brings its schema up to date,
// and puts a broken file aside instead of failing for ever on it.
import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { SuiteError } from '../model/errors.ts';

export type SqlValue = string | number | null;
export type Row = Readonly<Record<string, SqlValue>>;

export interface Sqlite {
  /** Rows of a query; statements are prepared once and kept. */
  all(sql: string, ...values: SqlValue[]): Row[];
  /** The same one by one, for results that are too large to be held. To be read to its end before anything is written. */
  each(sql: string, ...values: SqlValue[]): Iterable<Row>;
  get(sql: string, ...values: SqlValue[]): Row | undefined;
  run(sql: string, ...values: SqlValue[]): void;
  /** All of `work` or nothing. Throws STORE_UNAVAILABLE or STORE_CORRUPT when the file refuses. */
  transaction<T>(work: () => T): T;
  close(): void;
}

export interface OpenedSqlite {
  readonly database: Sqlite;
  /** Where a broken file went, if there was one. */
  readonly setAside: string | undefined;
}

const busyMs = 2_000;
const keptAside = 3;
/**
 * Pages of the journal that are carried over to the file at a time, by the commit that reaches them, with two waits for the disk.
 * SQLite's own 1,000 stop the process for 15 to 70 ms each time; these stop it for 5, and cost a tenth more processor.
 */
const journalPages = 32;
const corruptCodes = new Set([11, 26]); // SQLITE_CORRUPT, SQLITE_NOTADB (sqlite.org/rescode.html)

/**
 * Opens (or makes) the file. `migrations[n]` turns version n into n + 1; the file's version is its user_version.
 * Throws STORE_TOO_NEW for a file of a later version, STORE_UNAVAILABLE if it cannot be opened.
 */
export function openSqlite(path: string, migrations: readonly string[]): OpenedSqlite {
  try {
    return { database: open(path, migrations), setAside: undefined };
  } catch (error) {
    if (!(error instanceof SuiteError) || error.code !== 'STORE_CORRUPT') throw error;
    const aside = putAside(path);
    return { database: open(path, migrations), setAside: aside };
  }
}

function open(path: string, migrations: readonly string[]): Sqlite {
  let file: DatabaseSync | undefined;
  try {
    refuseEmpty(path);
    file = new DatabaseSync(path, { timeout: busyMs });
    file.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${journalPages};`);
    checkWhole(file, path);
    migrate(file, path, migrations);
    return wrap(file, path);
  } catch (error) {
    file?.close();
    throw coded(error, `open ${path}`);
  }
}

/** SQLite takes an empty file for a new database; but a store is never empty, so what was in it is lost, which must be said. */
function refuseEmpty(path: string): void {
  const sizeOf = (name: string): number | undefined => statSync(name, { throwIfNoEntry: false })?.size;
  if (sizeOf(path) === 0 && !sizeOf(`${path}-wal`))
    throw new SuiteError('STORE_CORRUPT', `open ${path}: the file is empty`);
}

function checkWhole(file: DatabaseSync, path: string): void {
  const verdict = file.prepare('PRAGMA quick_check(1)').get() as { quick_check?: unknown } | undefined;
  if (verdict?.quick_check !== 'ok') {
    throw new SuiteError('STORE_CORRUPT', `open ${path}: ${String(verdict?.quick_check).slice(0, 200)}`);
  }
}

function migrate(file: DatabaseSync, path: string, migrations: readonly string[]): void {
  const { user_version: version } = file.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > migrations.length) {
    throw new SuiteError(
      'STORE_TOO_NEW',
      `open ${path}: its format is ${version}, this version knows ${migrations.length}`,
      {
        hint: 'run the version of Corral that wrote it, or move the file away to start a new store',
      },
    );
  }
  migrations.slice(version).forEach((sql, at) => {
    file.exec(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${version + at + 1}; COMMIT;`);
  });
}

function wrap(file: DatabaseSync, path: string): Sqlite {
  const statements = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    const known = statements.get(sql) ?? file.prepare(sql);
    statements.set(sql, known);
    return known;
  };
  return {
    all: (sql, ...values) => prepare(sql).all(...values) as Row[],
    each: (sql, ...values) => prepare(sql).iterate(...values) as Iterable<Row>,
    get: (sql, ...values) => prepare(sql).get(...values) as Row | undefined,
    run: (sql, ...values) => void prepare(sql).run(...values),
    transaction(work) {
      try {
        file.exec('BEGIN IMMEDIATE');
        const result = work();
        file.exec('COMMIT');
        return result;
      } catch (error) {
        if (file.isTransaction) file.exec('ROLLBACK');
        throw coded(error, `write ${path}`);
      }
    },
    close: () => file.close(),
  };
}

/** The file and its journal under a name that says what they are; only the newest few are kept. */
function putAside(path: string): string {
  const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const aside = `${path}.corrupt-${stamp}-${process.pid}`;
  renameSync(path, aside);
  for (const tail of ['-wal', '-shm']) rmSync(`${path}${tail}`, { force: true });
  const prefix = `${basename(path)}.corrupt-`;
  const old = readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix))
    .sort();
  for (const name of old.slice(0, -keptAside)) rmSync(join(dirname(path), name), { force: true });
  return aside;
}

function coded(error: unknown, attempted: string): unknown {
  const { errcode } = error as { errcode?: unknown };
  if (error instanceof SuiteError || typeof errcode !== 'number') return error;
  const code = corruptCodes.has(errcode & 0xff) ? 'STORE_CORRUPT' : 'STORE_UNAVAILABLE';
  return new SuiteError(code, `${attempted}: ${(error as Error).message}`, {
    cause: error,
    ...(code === 'STORE_UNAVAILABLE' ? { hint: 'is the disk full or read-only?' } : {}),
  });
}
