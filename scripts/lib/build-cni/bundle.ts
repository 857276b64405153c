// Makes the standalone plugins one file, and tells the shim, as a C header, what it answers to VERSION.
// Arguments: the repository, the directory for both.
import { writeFileSync } from 'node:fs';
import { buildSync } from 'esbuild';
import { renderVersionReply } from '../../../cni-plugins/shared/versions.ts';

const [root = '', stage = ''] = process.argv.slice(2);

// JSON of plain ASCII is a C string literal, too.
writeFileSync(`${stage}/version.h`, `#define VERSION_REPLY ${JSON.stringify(renderVersionReply())}\n`);

buildSync({
  entryPoints: [`${root}/cni-plugins/standalone.ts`],
  outfile: `${stage}/corral-cni.cjs`,
  bundle: true,
  platform: 'node',
  target: 'node24',
  // CommonJS: an import of a built-in module in ESM touches all of its lazy parts, which costs 15 ms at every start.
  format: 'cjs',
  define: { 'import.meta.url': 'selfUrl' },
  banner: { js: "const selfUrl = 'file://' + __filename;" },
  // The native packages stay outside the bundle: they are found from dist/cni/.corral/ upward, in node_modules/.
  external: ['netlink', 'netlink/*', 'koffi'],
  legalComments: 'none',
  logLevel: 'warning',
});
