// What runs in the machine: test files by the Node.js of the checkout, and the suite of their labs as a release, since one file a
// program starts in half the time that hundreds of sources take. It is packed outside, in seconds instead of minutes, and so is the
// release that it may change from.
import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';
import { packPrevious, previousVariable } from '../../netns/support/release.ts';
import { checkout } from './kernel.ts';
import { makeScratch, removeScratch } from './scratch.ts';

export interface Release {
  /** Its command `corral`. */
  readonly command: string;
  /** Directory of the release of the commit before. */
  readonly previous: string;
  remove(): void;
}

/** @throws what scripts/pack says */
export function packRelease(): Release {
  const dir = makeScratch();
  const undo: (() => void)[] = [() => removeScratch(dir)];
  const remove = (): void => {
    for (const work of undo) work();
  };
  try {
    execFileSync(`${checkout}/scripts/pack`, ['--directory', `${dir}/corral`], { stdio: 'pipe', timeout: 180_000 });
    const previous = packPrevious({ teardown: (work) => void undo.push(() => void work()) });
    return { command: `${dir}/corral/bin/corral`, previous: previous.directory, remove };
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
    [previousVariable]: release.previous,
  };
  return ['env', ...Object.entries(setting).map((pair) => pair.join('=')), process.execPath, file, ...words];
}
