import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { packForLabs, removeLabRelease } from '../../../../../scripts/lib/test-run/lab-release.ts';

/** No process has it: the kernel's largest is 4194304. */
const deadPid = 4_194_305;

async function pack(t: Test, script: string, dist = {}) {
  const root = t.testdir({ scripts: { pack: `#!/bin/sh\n${script}\n` }, dist });
  chmodSync(join(root, 'scripts/pack'), 0o755);
  const setting = { root, env: process.env, strict: true, print: () => {} };
  return { root, ...(await packForLabs(setting)) };
}

t.test('labs run what was packed, and it goes with the run', async (t) => {
  const { root, result, env } = await pack(t, 'mkdir -p "$2/bin" && touch "$2/bin/corral"');
  t.match(result, { name: 'release', passed: 1, failed: 0 });
  const command = env.CORRAL_LAB_COMMAND ?? '';
  t.ok(existsSync(command));
  t.ok(env.NODE_COMPILE_CACHE?.startsWith(command.slice(0, -'bin/corral'.length)), 'compiled code too');
  removeLabRelease(root);
  t.notOk(existsSync(command));
});

t.test('what cannot be packed has failed, and labs run the sources', async (t) => {
  const { result, env } = await pack(t, 'echo no esbuild >&2; exit 3');
  t.match(result, { passed: 0, failed: 1 });
  t.same(env, {});
});

t.test('releases of runs that were killed are removed, those of others stay', async (t) => {
  const { root } = await pack(t, 'true', { [`.labs-${deadPid}`]: { build: '' }, [`.labs-${process.ppid}`]: {} });
  t.notOk(existsSync(join(root, 'dist', `.labs-${deadPid}`)));
  t.ok(existsSync(join(root, 'dist', `.labs-${process.ppid}`)));
});
