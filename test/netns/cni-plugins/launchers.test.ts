import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { config, Lab, skipReason } from './lab.ts';

const dist = fileURLToPath(new URL('../../../dist/cni/', import.meta.url));

t.test('each name works, linked into a root, without CORRAL_ROOT', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  mkdirSync(lab.paths.cniBin, { recursive: true });
  for (const name of ['corral-bridge', 'rancher-bridge', 'corral-ipam', 'rancher-cni-ipam']) {
    const program = join(lab.paths.cniBin, name);
    symlinkSync(join(dist, name), program);
    const container = lab.container();
    const options = { program, env: { CORRAL_ROOT: '' } };
    const added = await lab.cni('ADD', container, options);
    t.equal(added.code, 0, `${name}: ${added.stdout}${added.stderr}`);
    t.same(lab.files('attachments'), [`${container.id}-eth0.json`], 'the lease is below the root');
    t.equal(JSON.parse(added.stdout).interfaces === undefined, name.includes('ipam'));
    t.equal((await lab.cni('DEL', container, options)).code, 0);
    t.same(lab.traces(), []);
  }
});

t.test('a root that is too long is told as an error of the protocol', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const run = await lab.cni('ADD', lab.container(), { env: { CORRAL_ROOT: `/${'x'.repeat(100)}` } });
  t.equal(run.code, 1);
  t.match(JSON.parse(run.stdout), { code: 100, msg: /ROOT_TOO_LONG/ });
});

t.test('the standalone form needs nothing but what is beside it', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  cpSync(dist, lab.paths.cniBin, { recursive: true, dereference: true, filter: (path) => !/\/build-/.test(path) });
  const options = { program: join(lab.paths.cniBin, 'corral-bridge') };
  const container = lab.container();
  t.equal((await lab.cni('ADD', container, options)).code, 0);
  const conf = { ...config, 'cni.dev/valid-attachments': [] };
  const collected = await lab.cni('GC', container, { ...options, config: conf });
  t.equal(collected.code, 0, collected.stdout);
  t.same(lab.traces(), []);
});
