// Pure: what of a release is bundled, and how.
import { join } from 'node:path';
import type { BundleOptions } from './bundle.ts';
import { loadedLater, natives, programs, unusedClasses } from './programs.ts';

/** @param out the directory of the release */
export function suiteBundles(root: string, out: string): BundleOptions[] {
  return [
    ...programs.map((program) => ({
      root,
      entry: `${program}.ts`,
      outfile: join(out, `${program}.js`),
      external: [...natives, ...loadedLater],
      small: true,
      unused: unusedClasses,
    })),
    ...loadedLater.map((name) => ({
      root,
      entry: name,
      outfile: join(out, 'node_modules', name, 'lib/index.js'),
      // ssh2 compiles cpu-features where it can and does without it elsewhere; engines are reached by their socket.
      external: ['cpu-features'],
      small: true,
    })),
  ];
}
