// A release of this checkout for the labs of one run. Packing takes a few seconds, and then each host of a lab starts in half the
// time that hundreds of sources take; what works from sources alone is found, too.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TierResult } from './report.ts';
import { runCheck, type Setting } from './run-tier.ts';

export interface LabRelease {
  /** That it could be packed counts as one test. */
  readonly result: TierResult;
  /** What makes labs use it; empty if there is none, so that they run the sources. */
  readonly env: NodeJS.ProcessEnv;
}

export async function packForLabs(setting: Setting): Promise<LabRelease> {
  const { root } = setting;
  sweep(root);
  const directory = ownDirectory(root);
  const result = await runCheck('release', [join(root, 'scripts/pack'), '--directory', directory], setting);
  if (result.failed > 0) return { result, env: {} };
  // Compiled code is kept in it, too, and goes with it.
  const env = { CORRAL_LAB_COMMAND: join(directory, 'bin/corral'), NODE_COMPILE_CACHE: join(directory, 'cache') };
  return { result, env };
}

export function removeLabRelease(root: string): void {
  rmSync(ownDirectory(root), { recursive: true, force: true });
}

function ownDirectory(root: string): string {
  return join(root, 'dist', `.labs-${process.pid}`);
}

/** Those of runs that were killed. */
function sweep(root: string): void {
  const dist = join(root, 'dist');
  for (const name of existsSync(dist) ? readdirSync(dist) : []) {
    const pid = /^\.labs-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && (Number(pid) === process.pid || !existsSync(`/proc/${pid}`)))
      rmSync(join(dist, name), { recursive: true, force: true });
  }
}
