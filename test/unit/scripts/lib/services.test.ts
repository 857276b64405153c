import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const library = join(import.meta.dirname, '../../../../scripts/lib/services.sh');

/** Runs shell lines with the guard's functions, on a policy file in a directory of the test. */
function shell(directory: string, lines: string): string {
  const script = `. '${library}'; policy='${directory}/policy'; policy_before=$policy.before\n${lines}`;
  return execFileSync('sh', ['-eu', '-c', script], { encoding: 'utf8', timeout: 10_000 });
}

/** Exit code of the policy that is in place. */
function answer(directory: string): number {
  return Number(execFileSync('sh', ['-c', `"${directory}/policy" docker start; echo $?`], { encoding: 'utf8' }));
}

t.test('services stay stopped, then nothing is left', async (t) => {
  const directory = t.testdir();
  shell(directory, 'services_stay_stopped');
  t.equal(answer(directory), 101);
  shell(directory, 'services_may_start');
  t.same(readdirSync(directory), []);
});

t.test("the owner's policy comes back as it was, after a killed run too", async (t) => {
  const directory = t.testdir();
  const policy = join(directory, 'policy');
  writeFileSync(policy, '#!/bin/sh\nexit 104\n');
  chmodSync(policy, 0o751);
  // The first run never takes its guard away; the second one starts by doing so.
  shell(directory, 'services_stay_stopped');
  t.equal(shell(directory, 'if guard_left_behind; then echo left; fi').trim(), 'left');
  shell(directory, 'services_stay_stopped; services_may_start');
  t.equal(answer(directory), 104);
  t.equal(lstatSync(policy).mode & 0o777, 0o751);
  t.same(readdirSync(directory), ['policy']);
});

t.test('a link stays a link', async (t) => {
  const directory = t.testdir();
  symlinkSync('/nowhere/policy', join(directory, 'policy'));
  shell(directory, 'services_stay_stopped');
  t.equal(answer(directory), 101);
  shell(directory, 'services_may_start');
  t.ok(lstatSync(join(directory, 'policy')).isSymbolicLink());
});

t.test('the end of a run leaves the guard of another run alone', async (t) => {
  const directory = t.testdir();
  shell(directory, 'services_stay_stopped');
  shell(directory, 'end_guard');
  t.equal(answer(directory), 101);
  t.ok(existsSync(join(directory, 'policy')));
  shell(directory, 'services_stay_stopped; end_guard');
  t.same(readdirSync(directory), []);
  t.match(readFileSync(library, 'utf8'), /policy=\/usr\/sbin\/policy-rc\.d/);
});
