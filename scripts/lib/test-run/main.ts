// The runner behind scripts/test. Test files are plain programs (`node FILE` prints TAP), so it starts them as such:
// tap's own runner would load a TypeScript compiler, and put hooks into every daemon that a test starts.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { packForLabs, removeLabRelease } from './lab-release.ts';
import { renderTiers, renderTotals, type TierResult } from './report.ts';
import { endAll } from './run-file.ts';
import { machineLacks, runCheck, runTier, type Setting } from './run-tier.ts';
import { sumTotals } from './tap-totals.ts';
import { parseArguments, tiers } from './tiers.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const choice = parseArguments(process.argv.slice(2));
if (typeof choice === 'string') {
  process.stderr.write(`test: ${choice}\n`);
  process.exit(2);
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
// A setting of the user's own suite must not reach the tests.
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(CORRAL_|TAP|NODE_OPTIONS$)/.test(name)),
);
const setting: Setting = { root, env, strict: choice.strict, print };
const results: TierResult[] = [];

function finish(): void {
  removeLabRelease(root);
  const totals = sumTotals(results);
  print('');
  print(renderTiers(results));
  print('');
  print(renderTotals(totals));
  process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    endAll();
    results.push({
      name: 'run',
      passed: 0,
      failed: 1,
      skipped: 0,
      seconds: 0,
      skippedBecause: `interrupted by ${signal}`,
    });
    finish();
    process.exit(1);
  });
}

process.chdir(root);
rmSync(join(root, '.tap', 'failed'), { recursive: true, force: true });
const tool = (path: string): string => join(root, 'node_modules', path);
if (choice.names.has('types')) {
  for (const project of ['.', 'daemons/supervisor/page'])
    results.push(await runCheck('types', [process.execPath, tool('.bin/tsc'), '--noEmit', '-p', project], setting));
}
if (choice.names.has('lint'))
  results.push(await runCheck('lint', [process.execPath, tool('.bin/biome'), 'check', '.'], setting));
const chosen = tiers.filter(({ name }) => choice.names.has(name));
const makesLabs = chosen.some((tier) => tier.labs && machineLacks(tier, env) === undefined);
const release = makesLabs ? await packForLabs(setting) : undefined;
if (release) results.push(release.result);
for (const tier of chosen) {
  const result = await runTier(tier, { ...setting, labEnv: release?.env });
  if (result) results.push(result);
}
finish();
