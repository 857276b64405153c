// One program and all that it imports as one file, and beside it what cannot be in it: native parts.
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export interface BundleOptions {
  /** The repository. */
  readonly root: string;
  /** Path below the repository, or a package's name. */
  readonly entry: string;
  readonly outfile: string;
  /** Packages that are looked up at run time. */
  readonly external: readonly string[];
  /** Every byte of source is a byte of the process's memory; names are kept, for the stacks in logs. */
  readonly small?: boolean;
  /** Global classes of which there never is an object: asking whether something is one need not load them. */
  readonly unused?: readonly string[];
}

/**
 * Returns the files that are in it, relative to the repository.
 * @throws what `import('esbuild')` throws where it is not installed, and esbuild's own errors.
 */
export async function bundle(options: BundleOptions): Promise<string[]> {
  const { buildSync } = await import('esbuild');
  const { small = false, unused = [] } = options;
  const { metafile } = buildSync({
    absWorkingDir: options.root, // the same output from wherever it is called
    entryPoints: [options.entry],
    outfile: options.outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    // CommonJS: an import of a built-in module in ESM touches all of its lazy parts, which costs 15 ms at every start and
    // 2 MB for as long as the process lives.
    format: 'cjs',
    define: { 'import.meta.url': 'selfUrl', ...Object.fromEntries(unused.map((name) => [name, 'Unused'])) },
    banner: { js: `const selfUrl = 'file://' + __filename;${unused.length > 0 ? ' class Unused {}' : ''}` },
    external: [...options.external],
    alias: oneOf(options.root, ['mime-db']),
    minifyWhitespace: small,
    minifySyntax: small,
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
  });
  return Object.keys(metafile.inputs);
}

/** Data that npm installs in two versions, for two of its readers: one serves both. */
function oneOf(root: string, names: readonly string[]): Record<string, string> {
  const find = createRequire(join(root, 'package.json'));
  return Object.fromEntries(names.map((name) => [name, find.resolve(name)]));
}

/** What a bundled package reads at run time. */
export function placeFolder(root: string, out: string, name: string, folder: string): void {
  const find = createRequire(join(root, 'package.json'));
  const home = find.resolve(`${name}/package.json`).replace(/\/package\.json$/, '');
  cpSync(join(home, folder), join(out, 'node_modules', name, folder), { recursive: true });
}

/** A package that is its native part and nothing else: the loaders of all look in a dozen places first. */
function placeNative(out: string, name: string, from: string, index: string): void {
  const dir = join(out, 'node_modules', name);
  mkdirSync(dir, { recursive: true });
  copyFileSync(from, join(dir, 'native.node'));
  writeFileSync(join(dir, 'index.js'), index);
}

/** The native packages, in `out`/node_modules: a reinstalled node_modules of the repository takes nothing away. */
export function placeNatives(root: string, out: string): void {
  const find = createRequire(join(root, 'package.json'));
  const netlink = find.resolve('netlink/package.json').replace(/\/package\.json$/, '');
  const prebuild = (
    createRequire(join(netlink, 'package.json'))('node-gyp-build') as { path(dir: string): string }
  ).path(netlink);
  placeNative(out, 'node-gyp-build', prebuild, "module.exports = () => require('./native.node');\n");
  mkdirSync(join(out, 'node_modules/netlink/dist'), { recursive: true });
  copyFileSync(join(netlink, 'dist/raw.js'), join(out, 'node_modules/netlink/dist/raw.js'));
  const koffi = createRequire(find.resolve('koffi'));
  const platform = `linux-${process.arch}`;
  const folder = koffi.resolve(`@koromix/koffi-${platform}/package.json`).replace(/\/package\.json$/, '');
  const native = join(folder, platform.replace('-', '_'), 'koffi.node');
  placeNative(out, 'koffi', native, "module.exports = require('./native.node');\n");
}

/** `cap` is compiled only where setup --dev has brought libpcap's headers; it needs libpcap where it runs. False: not there. */
export function placeCapture(root: string, out: string): boolean {
  const find = createRequire(join(root, 'package.json'));
  let native: string;
  try {
    native = find.resolve('cap/build/Release/cap.node');
  } catch {
    return false;
  }
  const index = [
    "const addon = require('./native.node');",
    "Object.setPrototypeOf(addon.Cap.prototype, require('node:events').prototype);",
    'module.exports = addon;',
    '',
  ].join('\n');
  placeNative(out, 'cap', native, index);
  return true;
}
