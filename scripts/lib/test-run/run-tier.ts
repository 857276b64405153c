import { accessSync, constants, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderFailure, renderFile, type TierResult } from './report.ts';
import { runFile } from './run-file.ts';
import { sumTotals, type Totals } from './tap-totals.ts';
import type { Tier } from './tiers.ts';

export interface Setting {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** Beside it for tiers whose files make labs. */
  readonly labEnv?: NodeJS.ProcessEnv | undefined;
  readonly strict: boolean;
  readonly print: (text: string) => void;
}

/** Runs one check of the sources; it counts as one test. */
export async function runCheck(name: string, command: readonly string[], setting: Setting): Promise<TierResult> {
  const run = await runFile(command, 300, setting.env);
  // The programs speak no TAP: their exit code alone decides.
  const failed = run.totals.notes.some((note) => /^(ended|still)/.test(note));
  setting.print(`${name}: ${failed ? 'FAILED' : 'ok'}, ${run.seconds.toFixed(1)} s`);
  if (failed) setting.print(renderFailure(run.output));
  return { name, passed: failed ? 0 : 1, failed: failed ? 1 : 0, skipped: 0, seconds: run.seconds };
}

/** Runs the files of a tier. Undefined if it has none yet. */
export async function runTier(tier: Tier, setting: Setting): Promise<TierResult | undefined> {
  const files = testFiles(join(setting.root, 'test', tier.name));
  if (files.length === 0) {
    setting.print(`${tier.name}: no tests yet`);
    return undefined;
  }
  const lacking = machineLacks(tier, setting.env);
  if (lacking !== undefined) {
    setting.print(`${tier.name}: skipped, ${lacking}`);
    return unrun(tier, files.length, lacking, setting.strict, 0);
  }
  setting.print(`${tier.name}: ${files.length} file${files.length === 1 ? '' : 's'}`);
  const started = performance.now();
  const totals = sumTotals(await runFiles(tier, files, setting));
  const seconds = (performance.now() - started) / 1000;
  if (totals.passed + totals.failed > 0) return { name: tier.name, ...totals, seconds };
  return unrun(tier, totals.skipped, 'each of its files skipped itself', setting.strict, seconds);
}

function unrun(tier: Tier, skipped: number, reason: string, strict: boolean, seconds: number): TierResult {
  return { name: tier.name, passed: 0, failed: strict ? 1 : 0, skipped, seconds, skippedBecause: reason };
}

/** Failed files run again one by one when the others are through: what fails beside another may pass alone. */
async function runFiles(tier: Tier, files: readonly string[], setting: Setting): Promise<Totals[]> {
  const done = await runRound(tier, files, tier.jobs, setting);
  for (let tried = 1; tried < tier.tries; tried += 1) {
    const failed = [...done].filter(([, { failed }]) => failed > 0).map(([file]) => file);
    if (failed.length > 0) setting.print(`    once more, alone: ${failed.join(', ')}`);
    for (const [file, totals] of await runRound(tier, failed, 1, setting)) done.set(file, totals);
  }
  return [...done.values()];
}

async function runRound(
  tier: Tier,
  files: readonly string[],
  jobs: number,
  setting: Setting,
): Promise<Map<string, Totals>> {
  const left = [...files];
  const done = new Map<string, Totals>();
  const worker = async (): Promise<void> => {
    for (let file = left.shift(); file !== undefined; file = left.shift())
      done.set(file, await runOnce(tier, file, setting));
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return done;
}

async function runOnce(tier: Tier, file: string, setting: Setting): Promise<Totals> {
  const path = join(setting.root, 'test', tier.name, file);
  // Earlier than ours, so that tap can still say which test hangs.
  const env = { ...setting.env, ...(tier.labs && setting.labEnv), TAP_TIMEOUT: String(tier.fileSeconds * 0.9) };
  const run = await runFile([process.execPath, path], tier.fileSeconds, env);
  setting.print(renderFile(file, run.totals, run.seconds));
  if (run.totals.failed > 0) {
    setting.print(renderFailure(run.output));
    setting.print(`    whole output: ${keepOutput(setting.root, tier.name, file, run.output)}`);
  }
  return run.totals;
}

function keepOutput(root: string, tier: string, file: string, output: string): string {
  const directory = join(root, '.tap', 'failed');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${tier}-${file.replaceAll('/', '-')}.log`);
  writeFileSync(path, output);
  return path;
}

function testFiles(directory: string): string[] {
  try {
    return (
      readdirSync(directory, { recursive: true, encoding: 'utf8' })
        // What lies in `inside/` is run by a file of the tier, in a virtual machine.
        .filter((name) => name.endsWith('.test.ts') && !name.startsWith('inside/'))
        .sort()
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

export function machineLacks(tier: Tier, env: NodeJS.ProcessEnv): string | undefined {
  if (tier.root && process.getuid?.() !== 0) return 'needs root';
  const missing = tier.commands.filter((command) => !inPath(command, env.PATH ?? ''));
  return missing.length > 0 ? `this machine has no ${missing.join(', no ')}` : undefined;
}

function inPath(command: string, path: string): boolean {
  return path.split(':').some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
