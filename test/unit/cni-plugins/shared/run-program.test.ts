import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { runProgram } from '../../../../cni-plugins/shared/run-program.ts';

function script(t: Test, body: string): string {
  const path = join(t.testdir(), 'program');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}
const quick = { env: { PATH: '/usr/bin:/bin', A: 'b' }, stdin: 'in' };

t.test('what goes in and comes out', async (t) => {
  const path = script(t, 'cat; echo "$A $HOME" ; echo err >&2; exit 7');
  t.same(await runProgram(path, quick), { code: 7, signal: null, stdout: 'inb \n', stderr: 'err\n' });
  t.match(await runProgram(script(t, 'kill -TERM $$'), quick), { code: null, signal: 'SIGTERM' });
});

t.test('limits', async (t) => {
  await t.rejects(runProgram(script(t, 'yes'), { ...quick, maxBytes: 1000 }), { code: 'COMMAND_FAILED' });
  t.equal((await runProgram(script(t, 'yes >&2 & p=$!; sleep 0.1; kill $p'), quick)).stderr.length <= 8192, true);
  await t.rejects(runProgram('/nonexistent', quick), { code: 'COMMAND_MISSING' });
  await t.rejects(runProgram(t.testdir(), quick), { code: 'COMMAND_MISSING' });
});

t.test('at the deadline its children die with it', async (t) => {
  const path = script(t, 'sleep 60 & echo $! > "$0.pid"; wait');
  await t.rejects(runProgram(path, { ...quick, timeoutMs: 500 }), { code: 'COMMAND_TIMEOUT', message: /500 ms/ });
  const pid = readFileSync(`${path}.pid`, 'utf8').trim();
  const isGone = (): boolean => !existsSync(`/proc/${pid}`) || /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  const deadline = performance.now() + 5_000;
  while (!isGone() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  t.ok(isGone());
});
