import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { run } from '../../../../daemons/shared/effects/command.ts';

const sh = (script: string): [string, string[]] => ['/bin/sh', ['-c', script]];

t.test('output, input, environment; nothing passes through a shell', async (t) => {
  t.same(await run('cat', [], { input: 'hello\n' }), { code: 0, stdout: 'hello\n', stderr: '' });
  t.equal((await run('printf', ['%s|', '$HOME', ';', 'a b'])).stdout, '$HOME|;|a b|');
  t.equal((await run(...sh('echo $LC_ALL $EXTRA'), { env: { EXTRA: 'more' } })).stdout, 'C more\n');
  t.equal((await run('cat', [])).stdout, '', 'without input the program reads an end of file, not our terminal');
});

t.test('failures name the program, its code and what it said', async (t) => {
  const script = sh('for n in 1 2 3 4 5; do echo line $n >&2; done; exit 4');
  await t.rejects(run(...script), {
    code: 'COMMAND_FAILED',
    message: /run \/bin\/sh .*: exit code 4: line 1; line 2; line 3$/,
  });
  t.equal((await run(...sh('exit 4'), { okCodes: [0, 4] })).code, 4);
  await t.rejects(run(...sh('exit 0'), { okCodes: [4] }), { code: 'COMMAND_FAILED' });
  await t.rejects(run(...sh('kill -TERM $$')), { code: 'COMMAND_FAILED', message: /SIGTERM/ });
  await t.rejects(run('/no/such/program', []), { code: 'COMMAND_MISSING', hint: /installed/ });
  await t.rejects(run('/etc/passwd', []), { code: 'COMMAND_FAILED' });
});

t.test('too much output is a failure, not memory', async (t) => {
  await t.rejects(run('yes', [], { maxBytes: 10_000 }), { code: 'COMMAND_FAILED', message: /too much output/ });
});

t.test('at the deadline the program dies with all that it started', async (t) => {
  const file = join(t.testdir({}), 'pid');
  const started = performance.now();
  await t.rejects(run(...sh(`sleep 60 & echo $! > ${file}; wait`), { timeoutMs: 300 }), { code: 'COMMAND_TIMEOUT' });
  t.ok(performance.now() - started < 20_000);
  const pid = readFileSync(file, 'utf8').trim();
  const isGone = (): boolean => {
    try {
      return /State:\s+Z/.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return true;
    }
  };
  for (let tries = 0; tries < 500 && !isGone(); tries += 1) await sleep(10);
  t.ok(isGone(), 'the grandchild is gone too');
});
