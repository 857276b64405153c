import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t, { type Test } from 'tap';
import { migrations, openSqliteStore } from '../../../../daemons/metadata/store/sqlite.ts';
import { openSqlite } from '../../../../daemons/shared/effects/sqlite.ts';
import { parseCidr4 } from '../../../../daemons/shared/model/ipv4.ts';
import { storeConformance } from './conformance.ts';

const pathOf = (t: Test): string => join(t.testdir({}), 'store.sqlite');

t.test('as every store', (t) =>
  storeConformance(t, (t) => {
    const path = pathOf(t);
    return async () => openSqliteStore(path).store;
  }),
);

t.test('blocks of other hosts are passed over, and a full network says so', async (t) => {
  const path = pathOf(t);
  const { store } = openSqliteStore(path);
  const other = new DatabaseSync(path);
  for (const cidr of ['10.0.0.0/30', '10.0.0.4/30', '10.0.0.12/30']) {
    other.prepare('INSERT INTO blocks (network, cidr, host) VALUES (?, ?, ?)').run('n', cidr, 'other');
  }
  t.match(await store.claimBlock('n', parseCidr4('10.0.0.0/28')!, 30), { base: 0x0a000008 });
  await store.dropNetwork('n');
  other.prepare('INSERT INTO blocks (network, cidr, host) VALUES (?, ?, ?)').run('n', '10.0.0.8/30', 'other');
  other.close();
  await t.rejects(store.claimBlock('n', parseCidr4('10.0.0.0/28')!, 30), { code: 'NO_BLOCK_LEFT' });
  await store.close();
});

t.test('a later format is refused and left alone', async (t) => {
  const path = pathOf(t);
  const file = new DatabaseSync(path);
  file.exec(`PRAGMA user_version = ${migrations.length + 1}; CREATE TABLE future (x)`);
  file.close();
  t.throws(() => openSqliteStore(path), { code: 'STORE_TOO_NEW' });
  t.same(
    readdirSync(t.testdirName).filter((name) => name.includes('corrupt')),
    [],
  );
});

t.test('each broken file is put aside under a telling name, a few are kept', async (t) => {
  const path = pathOf(t);
  for (let round = 0; round < 5; round += 1) {
    writeFileSync(path, `this is no database ${round} `.repeat(200));
    const { store, setAside } = openSqliteStore(path);
    t.match(setAside, /store\.sqlite\.corrupt-\d{8}T\d{6}Z-/);
    t.ok(existsSync(setAside!));
    t.match(readFileSync(setAside!, 'utf8'), `database ${round}`);
    await store.close();
  }
  t.ok(readdirSync(t.testdirName).filter((name) => name.includes('corrupt')).length <= 3);
});

t.test('a page overwritten in the middle is noticed at the start', async (t) => {
  const path = pathOf(t);
  const { database } = openSqlite(path, ['CREATE TABLE a (x TEXT)']);
  database.transaction(() => {
    for (let n = 0; n < 2_000; n += 1) database.run('INSERT INTO a VALUES (?)', `row ${n} `.repeat(20));
  });
  database.close();
  const bytes = readFileSync(path);
  bytes.fill(0xff, 4_096, 12_288);
  writeFileSync(path, bytes);
  t.ok(openSqlite(path, ['CREATE TABLE a (x TEXT)']).setAside);
});

t.test('an absent directory is STORE_UNAVAILABLE', async (t) => {
  t.throws(() => openSqliteStore(join(t.testdir({}), 'absent', 'store.sqlite')), { code: 'STORE_UNAVAILABLE' });
});

t.test('a transaction is whole or not at all', async (t) => {
  const { database } = openSqlite(pathOf(t), ['CREATE TABLE a (x INTEGER PRIMARY KEY)']);
  t.throws(
    () =>
      database.transaction(() => {
        database.run('INSERT INTO a VALUES (1)');
        database.run('INSERT INTO a VALUES (1)');
      }),
    { code: 'STORE_UNAVAILABLE' },
  );
  t.same(database.all('SELECT * FROM a'), []);
  database.close();
});

t.test('killed while it writes, again and again: the store stays whole', async (t) => {
  const path = pathOf(t);
  const source = new URL('../../../../daemons/metadata/store/sqlite.ts', import.meta.url).href;
  const fixture = new URL('../../../fixtures/records.ts', import.meta.url).href;
  const script = `
    import { openSqliteStore } from ${JSON.stringify(source)};
    import { record } from ${JSON.stringify(fixture)};
    const { store } = openSqliteStore(${JSON.stringify(path)});
    await store.recall('boot');
    for (let round = 1; ; round += 1) {
      const both = [1, 2].map((n) => ({ source: 's', key: 'container/' + record(n).id, record: record(n, { startCount: round }) }));
      await store.remember(both);
      if (round === 1) console.log(store.identity.hostId);
      if (round % 50 === 0) await new Promise(setImmediate);
    }`;
  const hosts = new Set<string>();
  for (let kill = 0; kill < 5; kill += 1) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    hosts.add(said.toString().trim());
    child.kill('SIGKILL');
    await once(child, 'exit');
    const { store, setAside } = openSqliteStore(path);
    t.equal(setAside, undefined);
    const counts = (await store.recall('boot')).map(({ record }) => record.kind === 'container' && record.startCount);
    t.equal(counts.length, 2);
    t.equal(counts[0], counts[1], 'both records of one transaction');
    await store.close();
  }
  t.equal(hosts.size, 1, 'one identity throughout');
});
