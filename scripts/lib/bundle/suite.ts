// Bundles the programs of a release. Arguments: the repository; the directory of the release.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, placeCapture, placeFolder, placeNatives } from './bundle.ts';
import { loadedLater } from './programs.ts';
import { suiteBundles } from './suite-bundles.ts';

const [root = '', out = ''] = process.argv.slice(2);

for (const options of suiteBundles(root, out)) await bundle(options);
for (const name of loadedLater)
  writeFileSync(join(out, 'node_modules', name, 'index.js'), "module.exports = require('./lib/index.js');\n");
// etcd3 reads the definitions of etcd's messages when it is first used, from beside its own lib/.
placeFolder(root, out, 'etcd3', 'proto');
placeNatives(root, out);
if (!placeCapture(root, out))
  console.error('pack: without cap (scripts/setup --dev compiles it): overlay.arp responder will not run');
