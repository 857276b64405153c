import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import { runFile } from '../../../../../scripts/lib/test-run/run-file.ts';

const run = (script: string, seconds = 20) => runFile(['/bin/sh', '-c', script], seconds, process.env);

async function hasEnded(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      if (/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return true;
    } catch {
      return true;
    }
    await wait(20);
  }
  return false;
}

t.test('what a file prints is counted and kept', async (t) => {
  const { totals, output } = await run('echo "TAP version 14"; echo "ok 1 - a"; echo 1..1; echo beside >&2');
  t.match(totals, { passed: 1, failed: 0, notes: [] });
  t.match(output, /beside/);
});

t.test('a file that does not end is ended, with what it started', async (t) => {
  const { totals, output } = await run('sleep 300 & echo "started $!"; wait', 0.3);
  t.match(totals, { passed: 0, failed: 1 });
  t.match(totals.notes.join(), /still running after 0.3 s/);
  const pid = Number(/started (\d+)/.exec(output)?.[1]);
  t.ok(await hasEnded(pid));
});

t.test('a file that leaves a process behind has failed', async (t) => {
  const { totals, seconds } = await run('sleep 300 & echo "TAP version 14"; echo "ok 1 - a"; echo 1..1');
  t.match(totals, { passed: 1, failed: 1 });
  t.match(totals.notes.join(), /left processes/);
  t.ok(seconds < 20, 'nobody waits for the sleeper');
});

t.test('a program that cannot be started has failed', async (t) => {
  const { totals } = await runFile(['/no/such/program'], 20, process.env);
  t.equal(totals.failed, 1);
});
