import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { block } from '../../fixtures/blocks.ts';
import { Lab, type Run, skipReason } from './lab.ts';

/** A host whose run directory is a file system of its own, of a few pages. */
function smallLab(t: Test): { lab: Lab; fill: () => void; free: () => void; remount: (mode: string) => void } {
  const lab = new Lab(t, null);
  const { run, blocks } = lab.paths;
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'none', run]);
  t.teardown(() => void execFileSync('umount', [run]));
  mkdirSync(blocks, { recursive: true });
  writeFileSync(join(blocks, 'corral.json'), JSON.stringify(block));
  const filler = join(run, 'filler');
  return {
    lab,
    fill: () => {
      try {
        for (;;) writeFileSync(filler, Buffer.alloc(4096), { flag: 'a' });
      } catch {
        // full now
      }
    },
    free: () => void execFileSync('rm', ['-f', filler]),
    remount: (mode) => void execFileSync('mount', ['-o', `remount,${mode}`, run]),
  };
}

const codeOf = (run: Run): number => (run.code === 0 ? 0 : JSON.parse(run.stdout).code);
const drafts = (lab: Lab): string[] =>
  (existsSync(lab.paths.leases) ? readdirSync(lab.paths.leases, { recursive: true }) : [])
    .map(String)
    .filter((name) => name.includes('.draft-'));

t.test('a full disk: a clean error, no partial file, and back when there is room', { skip: skipReason }, async (t) => {
  const { lab, fill, free } = smallLab(t);
  const [one, two] = [lab.container(), lab.container()];
  fill();
  t.equal(codeOf(await lab.cni('ADD', two)), 5, 'before the first folder');
  free();
  t.equal(codeOf(await lab.cni('ADD', one)), 0);
  fill();
  const refused = await lab.cni('ADD', two);
  t.match(JSON.parse(refused.stdout), { code: 5, msg: /ENOSPC/ });
  t.notMatch(lab.ip(two, 'link'), /eth0/);
  t.same(drafts(lab), []);
  t.same(lab.files('attachments'), [`${one.id}-eth0.json`]);
  t.same(lab.files('addresses'), ['10.42.7.2']);
  t.equal(codeOf(await lab.cni('DEL', one)), 0, 'DEL works on a full disk');
  t.same(lab.traces(), []);
  free();
  t.equal(codeOf(await lab.cni('ADD', two)), 0);
});

t.test('read-only state: told, and nothing lost', { skip: skipReason }, async (t) => {
  const { lab, remount } = smallLab(t);
  const [one, two] = [lab.container(), lab.container()];
  t.equal(codeOf(await lab.cni('ADD', one)), 0);
  remount('ro');
  t.equal(codeOf(await lab.cni('ADD', two)), 5);
  t.notMatch(lab.ip(two, 'link'), /eth0/);
  t.equal(codeOf(await lab.cni('DEL', one)), 5, 'an address that cannot be freed is not called free');
  remount('rw');
  t.equal(codeOf(await lab.cni('DEL', one)), 0);
  t.same(lab.traces(), []);
});

t.test('garbage in every file of the state', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const dir = join(lab.paths.leases, 'corral');
  const one = lab.container();
  t.equal(codeOf(await lab.cni('ADD', one)), 0);
  await lab.cni('DEL', lab.container());
  for (const name of ['last', 'boot', '.lock']) writeFileSync(join(dir, name), Buffer.from([0, 255, 10, 128]));
  mkdirSync(join(dir, 'former'), { recursive: true });
  writeFileSync(join(dir, 'attachments', `${one.id}-eth0.json`), Buffer.alloc(1000, 255));
  writeFileSync(join(dir, 'addresses', 'not-an-address'), 'x');
  const two = lab.container();
  const run = await lab.cni('ADD', two);
  t.equal(run.code, 0, run.stdout);
  t.not(JSON.parse(run.stdout).ips[0].address, '10.42.7.2/24', 'the address of a damaged lease stays taken');
  t.ok(lab.pings(one, '10.42.7.1'));
  t.equal(codeOf(await lab.cni('DEL', one)), 0);
  t.ok(existsSync(join(dir, 'damaged', `${one.id}-eth0.json`)), 'kept aside');
  writeFileSync(join(lab.paths.blocks, 'corral.json'), '{"version":1');
  t.match(JSON.parse((await lab.cni('ADD', lab.container())).stdout), { code: 7, msg: /not a block/ });
  t.equal(codeOf(await lab.cni('DEL', two)), 0);
  t.equal(readFileSync(join(dir, 'addresses', 'not-an-address'), 'utf8'), 'x', 'what is not ours stays');
});
