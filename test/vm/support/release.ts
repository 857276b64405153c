// What runs in the machine: test files by the Node.js of the checkout, and the suite of their labs as a release, since one file a
// program starts in half the time that hundreds of sources take.
import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';
import { checkout } from './kernel.ts';
import { makeScratch, removeScratch } from './scratch.ts';

export interface Release {
  /** Its command `corral`. */
  readonly command: string;
  remove(): void;
}

/** @throws what scripts/pack says */
export function packRelease(): Release {
  const dir = makeScratch();
  const remove = (): void => removeScratch(dir);
  try {
    execFileSync(`${checkout}/scripts/pack`, ['--directory', `${dir}/corral`], { stdio: 'pipe', timeout: 180_000 });
    return { command: `${dir}/corral/bin/corral`, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** An emulated processor, and that of a machine which others use too. */
const patience = 10;

/** Runs a program of the checkout; labs that it makes run the suite of the release. */
export function nodeCommand(release: Release, file: string, ...words: readonly string[]): string[] {
  const setting = {
    PATH: `${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    NODE_COMPILE_CACHE: `${checkout}/.runtime/cache`,
    CORRAL_PATIENCE: String(patience),
    CORRAL_LAB_COMMAND: release.command,
  };
  return ['env', ...Object.entries(setting).map((pair) => pair.join('=')), process.execPath, file, ...words];
}
