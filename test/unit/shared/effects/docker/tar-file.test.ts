import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { fileInTar } from '../../../../../daemons/shared/effects/docker/tar-file.ts';

const dir = mkdtempSync('/tmp/co-tar-');
t.teardown(() => rmSync(dir, { recursive: true }));
const body = Buffer.from('x'.repeat(5_000));
const long = 'n'.repeat(150);
writeFileSync(join(dir, 'file'), body);
writeFileSync(join(dir, long), body);
mkdirSync(join(dir, 'folder'));
symlinkSync('/etc/shadow', join(dir, 'link'));
const tar = (name: string, ...options: string[]): Buffer => execFileSync('tar', ['-C', dir, '-c', ...options, name]);

t.test('the file of an archive, in each format', async (t) => {
  for (const format of ['ustar', 'gnu', 'pax', 'v7'])
    t.same(fileInTar(tar('file', `--format=${format}`)), body, format);
  for (const format of ['gnu', 'pax'])
    t.same(fileInTar(tar(long, `--format=${format}`)), body, `${format}, a long name`);
});

t.test('what is no plain file', async (t) => {
  t.equal(fileInTar(tar('folder')), undefined);
  t.equal(fileInTar(tar('link')), undefined, 'a link is not followed');
  t.equal(fileInTar(tar('file').subarray(0, 3_000)), undefined, 'cut');
  t.equal(fileInTar(Buffer.alloc(0)), undefined);
  t.equal(fileInTar(Buffer.alloc(2_048)), undefined);
  t.equal(fileInTar(Buffer.from('garbage'.repeat(200))), undefined);
  const wrong = tar('file');
  wrong[0] = 0x41;
  t.equal(fileInTar(wrong), undefined, 'a wrong sum');
});
