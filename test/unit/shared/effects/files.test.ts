import { chmodSync, existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  claimFile,
  ensureDir,
  ensureFile,
  errnoOf,
  listFiles,
  readText,
  readTextIfPresent,
  removeFile,
  sweepDrafts,
  writeAtomic,
  writeInPlace,
} from '../../../../daemons/shared/effects/files.ts';

t.test('writeAtomic replaces the file, sets exact mode bits and leaves no draft', async (t) => {
  const dir = t.testdir({});
  const path = join(dir, 'a');
  const old = process.umask(0o077);
  t.teardown(() => process.umask(old));
  writeAtomic(path, 'one', { mode: 0o644 });
  const inode = statSync(path).ino;
  writeAtomic(path, 'two', { mode: 0o644, sync: true });
  t.equal(readFileSync(path, 'utf8'), 'two');
  t.not(statSync(path).ino, inode, 'a new file, so that readers of the old one are not disturbed');
  t.equal(statSync(path).mode & 0o777, 0o644);
  writeAtomic(path, 'secret');
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.same(readdirSync(dir), ['a']);
});

t.test('a failed write leaves neither target nor draft', async (t) => {
  const dir = t.testdir({ folder: { inner: '' } });
  t.throws(() => writeAtomic(join(dir, 'folder'), 'x'), { code: 'EISDIR' });
  t.throws(() => writeAtomic(join(dir, 'absent', 'x'), 'x'), { code: 'ENOENT' });
  t.same(readdirSync(dir), ['folder']);
});

t.test('ensureFile writes only what differs', async (t) => {
  const path = join(t.testdir({}), 'a');
  t.equal(ensureFile(path, 'käse'), true);
  const before = statSync(path).ino;
  t.equal(ensureFile(path, 'käse'), false);
  t.equal(statSync(path).ino, before);
  t.equal(ensureFile(path, 'kase'), true);
  writeFileSync(path, 'x'.repeat(2 << 20));
  t.equal(ensureFile(path, 'small'), true, 'an oversized file is replaced');
  t.equal(readText(path), 'small');
});

t.test('claimFile gives a name to exactly one', async (t) => {
  const dir = t.testdir({});
  const path = join(dir, '10.42.0.2');
  t.equal(claimFile(path, 'first'), true);
  t.equal(claimFile(path, 'second'), false);
  t.equal(readText(path), 'first');
  t.same(readdirSync(dir), ['10.42.0.2']);
  t.throws(() => claimFile(join(dir, 'absent', 'x'), 'x'), { code: 'ENOENT' });
});

t.test('writeInPlace keeps the inode, longer and shorter', async (t) => {
  const path = join(t.testdir({ hosts: 'middle length' }), 'hosts');
  const inode = statSync(path).ino;
  writeInPlace(path, 'x');
  t.equal(readText(path), 'x');
  writeInPlace(path, 'a longer text than before');
  t.equal(readText(path), 'a longer text than before');
  t.equal(statSync(path).ino, inode);
  t.throws(() => writeInPlace(`${path}.absent`, 'x'), { code: 'ENOENT' });
});

t.test('reading is bounded and coded', async (t) => {
  const dir = t.testdir({ ten: '0123456789' });
  t.equal(readText(join(dir, 'ten'), 10), '0123456789');
  t.throws(() => readText(join(dir, 'ten'), 9), { code: 'FILE_TOO_LARGE' });
  t.throws(() => readText(join(dir, 'absent')), { code: 'FILE_UNREADABLE' });
  t.throws(() => readText(dir), { code: 'FILE_UNREADABLE' });
  t.equal(readTextIfPresent(join(dir, 'absent')), undefined);
  t.throws(() => readTextIfPresent(join(dir, 'ten'), 9), { code: 'FILE_TOO_LARGE' });
  t.ok(readText('/proc/self/status').length > 100, 'files without a size are read too');
});

t.test('removeFile, ensureDir and listFiles take absence for granted', async (t) => {
  const dir = t.testdir({ a: '' });
  t.equal(removeFile(join(dir, 'a')), true);
  t.equal(removeFile(join(dir, 'a')), false);
  ensureDir(join(dir, 'x', 'y'), 0o700);
  ensureDir(join(dir, 'x', 'y'));
  t.equal(statSync(join(dir, 'x', 'y')).mode & 0o777, 0o700);
  t.same(listFiles(join(dir, 'absent')), []);
  writeFileSync(join(dir, '.draft-1-1-a'), '');
  t.same(listFiles(dir), ['x']);
});

t.test('drafts that a killed process of our pid left are passed over', async (t) => {
  const dir = t.testdir({});
  writeAtomic(join(dir, 'probe'), '');
  const left = Array.from({ length: 50 }, (_, at) => `.draft-${process.pid}-${at + 1}-a`);
  for (const name of left) writeFileSync(join(dir, name), 'other');
  writeAtomic(join(dir, 'a'), 'mine');
  t.equal(readFileSync(join(dir, 'a'), 'utf8'), 'mine');
  t.equal(readFileSync(join(dir, left[49] as string), 'utf8'), 'other', 'and left as they are');
});

t.test('sweepDrafts removes old drafts of dead writers only', async (t) => {
  const dead = 4_194_303;
  const names = [`.draft-${dead}-1-old`, `.draft-${dead}-2-new`, `.draft-${process.pid}-3-mine`, 'lease'];
  const dir = t.testdir(Object.fromEntries(names.map((name) => [name, ''])));
  const hourAgo = Date.now() / 1000 - 3600;
  for (const name of names) if (!name.endsWith('new')) utimesSync(join(dir, name), hourAgo, hourAgo);
  t.equal(sweepDrafts(dir), 1);
  t.equal(existsSync(join(dir, names[0]!)), false);
  t.equal(readdirSync(dir).length, 3);
});

t.test('errnoOf reads the name of an errno and nothing else', async (t) => {
  const dir = t.testdir({ a: '' });
  chmodSync(join(dir, 'a'), 0o600);
  try {
    statSync(join(dir, 'absent'));
  } catch (error) {
    t.equal(errnoOf(error), 'ENOENT');
  }
  t.equal(errnoOf(new Error('plain')), undefined);
  t.equal(errnoOf('text'), undefined);
});
