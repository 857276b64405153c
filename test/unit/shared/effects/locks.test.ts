import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { lockFile, tryLockFile } from '../../../../daemons/shared/effects/locks.ts';

const source = new URL('../../../../daemons/shared/effects/locks.ts', import.meta.url).href;

t.test('one writer at a time, released by hand', async (t) => {
  const path = join(t.testdir({}), 'lock');
  const lock = tryLockFile(path);
  t.ok(lock);
  t.equal(tryLockFile(path), undefined);
  t.equal(tryLockFile(path, 'shared'), undefined);
  lock?.release();
  lock?.release();
  const next = tryLockFile(path);
  t.ok(next, 'free again');
  next?.release();
  t.ok(existsSync(path), 'the file stays');
});

t.test('readers share, a writer waits for them and says so when it gives up', async (t) => {
  const path = join(t.testdir({}), 'lock');
  const readers = [
    await lockFile(path, { mode: 'shared', waitMs: 0 }),
    await lockFile(path, { mode: 'shared', waitMs: 0 }),
  ];
  await t.rejects(lockFile(path, { waitMs: 30 }), { code: 'LOCK_TIMEOUT' });
  const writer = lockFile(path, { waitMs: 5_000 });
  for (const reader of readers) reader.release();
  (await writer).release();
});

t.test('waiters each get their turn, alone', async (t) => {
  const path = join(t.testdir({}), 'lock');
  let inside = 0;
  let most = 0;
  const turn = async (): Promise<void> => {
    const lock = await lockFile(path, { waitMs: 10_000 });
    inside += 1;
    most = Math.max(most, inside);
    await new Promise(setImmediate);
    inside -= 1;
    lock.release();
  };
  await Promise.all(Array.from({ length: 20 }, turn));
  t.equal(most, 1);
});

t.test('a killed holder leaves no lock behind', async (t) => {
  const path = join(t.testdir({}), 'lock');
  const script = `import { tryLockFile } from ${JSON.stringify(source)};
    console.log(tryLockFile(${JSON.stringify(path)}) ? 'held' : 'taken'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  t.equal(said.toString().trim(), 'held');
  t.equal(tryLockFile(path), undefined);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = await lockFile(path, { waitMs: 5_000 });
  lock.release();
});
