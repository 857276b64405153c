// Makes the standalone plugins: one bundle, and beside it the native parts, so that nothing is looked up at a start and
// a reinstalled node_modules takes nothing away. Also tells the shim, as a C header, what it answers to VERSION.
// Arguments: the repository; the directory for version.h; that for the standalone form.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { renderVersionReply } from '../../../cni-plugins/shared/versions.ts';

const [root = '', include = '', out = ''] = process.argv.slice(2);
const entry = join(root, 'cni-plugins/standalone.ts');

// JSON of plain ASCII is a C string literal, too.
writeFileSync(join(include, 'version.h'), `#define VERSION_REPLY ${JSON.stringify(renderVersionReply())}\n`);

/** Compiled code is kept from one start to the next, which saves a sixth of an ADD. */
function writeStarter(load: string): void {
  const cache = "require('node:module').enableCompileCache(__dirname + '/cache');";
  writeFileSync(join(out, 'corral-cni.cjs'), `${cache}\n${load}\n`);
}

async function bundle(): Promise<void> {
  const { buildSync } = await import('esbuild');
  buildSync({
    entryPoints: [entry],
    outfile: join(out, 'plugins.cjs'),
    bundle: true,
    platform: 'node',
    target: 'node24',
    // CommonJS: an import of a built-in module in ESM touches all of its lazy parts, which costs 15 ms at every start.
    format: 'cjs',
    define: { 'import.meta.url': 'selfUrl' },
    banner: { js: "const selfUrl = 'file://' + __filename;" },
    external: ['koffi', 'node-gyp-build'],
    legalComments: 'none',
    logLevel: 'warning',
  });
  writeStarter("require('./plugins.cjs');");
}

/** A package that is its native part and nothing else: the loaders of both look in a dozen places first. */
function placeNative(name: string, from: string, exported: string): void {
  const dir = join(out, 'node_modules', name);
  mkdirSync(dir, { recursive: true });
  copyFileSync(from, join(dir, 'native.node'));
  writeFileSync(join(dir, 'index.js'), `module.exports = ${exported};\n`);
}

function placeNatives(): void {
  const find = createRequire(join(root, 'package.json'));
  const netlink = find.resolve('netlink/package.json').replace(/\/package\.json$/, '');
  const prebuild = (
    createRequire(join(netlink, 'package.json'))('node-gyp-build') as { path(dir: string): string }
  ).path(netlink);
  placeNative('node-gyp-build', prebuild, "() => require('./native.node')");
  // Not in the bundle: it is loaded by GC alone, for the list of all devices.
  mkdirSync(join(out, 'node_modules/netlink/dist'), { recursive: true });
  copyFileSync(join(netlink, 'dist/raw.js'), join(out, 'node_modules/netlink/dist/raw.js'));
  const koffi = createRequire(find.resolve('koffi'));
  const platform = `linux-${process.arch}`;
  const folder = koffi.resolve(`@koromix/koffi-${platform}/package.json`).replace(/\/package\.json$/, '');
  placeNative('koffi', join(folder, platform.replace('-', '_'), 'koffi.node'), "require('./native.node')");
}

mkdirSync(out, { recursive: true });
try {
  await bundle();
  placeNatives();
} catch (error) {
  if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
  console.error(
    'build-cni: no esbuild (it comes with scripts/setup --dev): the standalone plugins run from their sources',
  );
  writeStarter(`import(${JSON.stringify(entry)});`);
}
