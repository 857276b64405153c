import t, { type Test } from 'tap';
import { runTier } from '../../../../../scripts/lib/test-run/run-tier.ts';
import type { Tier } from '../../../../../scripts/lib/test-run/tiers.ts';

const passing = 'process.stdout.write("TAP version 14\\n1..1\\nok 1 - it\\n");';
const failing = 'process.stdout.write("TAP version 14\\n1..1\\nnot ok 1 - it\\n"); process.exitCode = 1;';
/** Fails the first time that it runs. */
const unsteady = `import { existsSync, writeFileSync } from 'node:fs';
const mark = new URL('./ran', import.meta.url);
if (existsSync(mark)) { ${passing} } else { writeFileSync(mark, ''); ${failing} }`;

function tier(tries: number): Tier {
  return { name: 'probe', jobs: 1, fileSeconds: 20, tries, root: false, labs: false, commands: [] };
}

async function run(t: Test, file: string, tries: number) {
  const root = t.testdir({ test: { probe: { 'one.test.ts': file } } });
  const printed: string[] = [];
  const result = await runTier(tier(tries), {
    root,
    env: process.env,
    strict: true,
    print: (text) => printed.push(text),
  });
  return { passed: result?.passed, failed: result?.failed, printed: printed.join('\n') };
}

t.test('a file that passes runs once', async (t) => {
  const { passed, failed, printed } = await run(t, passing, 2);
  t.same([passed, failed], [1, 0]);
  t.notMatch(printed, 'once more');
});

t.test('a file that fails and then passes has passed, and both runs are seen', async (t) => {
  const { passed, failed, printed } = await run(t, unsteady, 2);
  t.same([passed, failed], [1, 0]);
  t.match(printed, /FAILED.*once more.*ok/s);
});

t.test('a file that fails twice has failed, once', async (t) => {
  const { passed, failed } = await run(t, failing, 2);
  t.same([passed, failed], [0, 1]);
});

t.test('where one run is allowed, one failure is enough', async (t) => {
  const { failed, printed } = await run(t, unsteady, 1);
  t.equal(failed, 1);
  t.notMatch(printed, 'once more');
});

t.test('a tier whose files make labs is told what the labs run, no other', async (t) => {
  const file = `process.stdout.write('1..1\\n' + (process.env.LAB === 'yes' ? 'ok' : 'not ok') + ' 1\\n');`;
  const root = t.testdir({ test: { probe: { 'one.test.ts': file } } });
  const setting = { root, env: process.env, labEnv: { LAB: 'yes' }, strict: true, print: () => {} };
  t.match(await runTier({ ...tier(1), labs: true }, setting), { passed: 1, failed: 0 });
  t.match(await runTier(tier(1), setting), { passed: 0, failed: 1 });
});

t.test('files run side by side, and the second run of one that failed has the machine for itself', async (t) => {
  // The first run waits for the other's and fails; the second fails if the other runs at the same time.
  const busy = (name: string, other: string) => `import { existsSync, rmSync, writeFileSync } from 'node:fs';
const at = (name) => new URL(name, import.meta.url);
const isFirst = !existsSync(at('${name}.ran'));
writeFileSync(at('${name}.ran'), '');
writeFileSync(at('${name}.busy'), '');
const deadline = Date.now() + (isFirst ? 20_000 : 300);
const met = () => existsSync(at(isFirst ? '${other}.ran' : '${other}.busy'));
const look = setInterval(() => {
  if (!met() && Date.now() < deadline) return;
  clearInterval(look);
  const passes = !isFirst && !met();
  rmSync(at('${name}.busy'));
  process.stdout.write('TAP version 14\\n1..1\\n' + (passes ? 'ok' : 'not ok') + ' 1 - alone\\n');
  process.exitCode = passes ? 0 : 1;
}, 10);`;
  const root = t.testdir({ test: { probe: { 'one.test.ts': busy('one', 'two'), 'two.test.ts': busy('two', 'one') } } });
  const printed: string[] = [];
  const result = await runTier(
    { ...tier(2), jobs: 2 },
    { root, env: process.env, strict: true, print: (text) => printed.push(text) },
  );
  t.same([result?.passed, result?.failed], [2, 0]);
  t.match(printed.join('\n'), /FAILED.*FAILED.*once more, alone: (one|two)/s);
});
