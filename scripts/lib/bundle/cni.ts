// Makes the standalone plugins: one bundle, and beside it the native parts, so that nothing is looked up at a start.
// Also tells the shim, as a C header, what it answers to VERSION.
// Arguments: the repository; the directory for version.h; that for the standalone form.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderVersionReply } from '../../../cni-plugins/shared/versions.ts';
import { bundle, placeNatives } from './bundle.ts';

const [root = '', include = '', out = ''] = process.argv.slice(2);
const entry = join(root, 'cni-plugins/standalone.ts');

// JSON of plain ASCII is a C string literal, too.
writeFileSync(join(include, 'version.h'), `#define VERSION_REPLY ${JSON.stringify(renderVersionReply())}\n`);

/** Compiled code is kept from one start to the next, which saves a sixth of an ADD. */
function writeStarter(load: string): void {
  const cache = "require('node:module').enableCompileCache(__dirname + '/cache');";
  writeFileSync(join(out, 'corral-cni.cjs'), `${cache}\n${load}\n`);
}

mkdirSync(out, { recursive: true });
try {
  // Of netlink the plugins load one file, for GC alone; its other half is node-gyp-build's.
  await bundle({ root, entry, outfile: join(out, 'plugins.cjs'), external: ['koffi', 'node-gyp-build'] });
  writeStarter("require('./plugins.cjs');");
  placeNatives(root, out);
} catch (error) {
  if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
  console.error(
    'build-cni: no esbuild (it comes with scripts/setup --dev): the standalone plugins run from their sources',
  );
  writeStarter(`import(${JSON.stringify(entry)});`);
}
