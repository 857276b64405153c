// Bundles the programs of a release. Arguments: the repository; the directory of the release.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, placeCapture, placeFolder, placeNatives } from './bundle.ts';
import { loadedLater, natives, programs, unusedClasses } from './programs.ts';

const [root = '', out = ''] = process.argv.slice(2);

for (const program of programs) {
  const outfile = join(out, `${program}.js`);
  await bundle({
    root,
    entry: `${program}.ts`,
    outfile,
    external: [...natives, ...loadedLater],
    small: true,
    unused: unusedClasses,
  });
}
for (const name of loadedLater) {
  const dir = join(out, 'node_modules', name);
  // ssh2 compiles cpu-features where it can and does without it elsewhere; engines are reached by their socket.
  await bundle({ root, entry: name, outfile: join(dir, 'lib/index.js'), external: ['cpu-features'], small: true });
  writeFileSync(join(dir, 'index.js'), "module.exports = require('./lib/index.js');\n");
}
// etcd3 reads the definitions of etcd's messages when it is first used, from beside its own lib/.
placeFolder(root, out, 'etcd3', 'proto');
placeNatives(root, out);
if (!placeCapture(root, out))
  console.error('pack: without cap (scripts/setup --dev compiles it): overlay.arp responder will not run');
