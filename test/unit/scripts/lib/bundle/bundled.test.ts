// What packages read at run time from beside their own code is not in a bundle: it has to be placed in the release, or be needed
// by nobody. A package that begins to look for more is found here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { images } from '../../../../../scripts/lib/build-images/images.ts';
import { bundle } from '../../../../../scripts/lib/bundle/bundle.ts';
import { loadedLater, natives, programs } from '../../../../../scripts/lib/bundle/programs.ts';
import { suiteBundles } from '../../../../../scripts/lib/bundle/suite-bundles.ts';

const root = join(import.meta.dirname, '../../../../..');

/** Files that look beside themselves, and why that is well. */
const known: Readonly<Record<string, string>> = {
  'node_modules/etcd3/lib/connection-pool.js': 'finds proto/, which is placed in the release',
  'node_modules/@grpc/grpc-js/build/src/channelz.js': 'for servers that tell of their channels',
  'node_modules/@grpc/grpc-js/build/src/orca.js': 'for servers that tell of their load',
  'node_modules/dockerode/lib/buildkit.js': 'for builds of images',
  'node_modules/dockerode/lib/session.js': 'for builds of images',
  'node_modules/pino/lib/transport.js': 'for logs that a thread writes; daemon/log.ts writes them itself',
  'node_modules/thread-stream/index.js': 'the same',
  'node_modules/ssh2/lib/agent.js': 'for Windows',
  'node_modules/ssh2/lib/protocol/crypto/poly1305.js': 'holds its WebAssembly in itself',
};

const looks = /__dirname|__filename|\bimport\.meta\b|\brequire\.resolve\b|\brequire\(\s*(?!\s|['"]|\/\*)/;

function looksBeside(text: string): boolean {
  return text.split('\n').some((line) => looks.test(line) && !/^\s*(\/\/|\*|\/\*)/.test(line));
}

const out = t.testdir();

t.test('packages look only for what is known', async (t) => {
  const inputs = new Set<string>();
  const standalone = { root, entry: 'cni-plugins/standalone.ts', outfile: join(out, 'plugins.cjs'), external: natives };
  for (const options of [...suiteBundles(root, out), standalone])
    for (const path of await bundle(options)) inputs.add(path);
  t.ok(inputs.size > 1_000, `${inputs.size} files`);
  const packaged = [...inputs].filter((path) => path.startsWith('node_modules/'));
  const found = packaged.filter((path) => looksBeside(readFileSync(join(root, path), 'utf8')));
  t.same(found.sort(), Object.keys(known).sort());
});

t.test('such a look is seen', async (t) => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code
  t.ok(looksBeside('load(`${__dirname}/../proto/x.proto`)'));
  t.ok(looksBeside('const later = require(name);'));
  t.notOk(looksBeside('// from __dirname\n * @see __filename\nconst fs = require("fs");'));
});

t.test('an image carries the packages and programs that its programs name', async (t) => {
  const packages = [...natives, ...loadedLater];
  let named = 0;
  for (const { name, files } of images) {
    const isCarried = (path: string): boolean => files.some((file) => path === file || path.startsWith(`${file}/`));
    for (const program of programs.filter(isCarried)) {
      const text = readFileSync(join(out, `${program}.js`), 'utf8');
      const needs = packages.filter((one) => new RegExp(`\\("${one}["/]`).test(text));
      const starts = [...text.matchAll(/programPath\("([^"]+)"\)/g)].map(([, path = '']) => path);
      named += needs.length + starts.length;
      t.same(
        [...needs.map((one) => `node_modules/${one}`), ...starts].filter((path) => !isCarried(path)),
        [],
        `${name}: ${program}`,
      );
    }
  }
  t.ok(named > 20, `${named} are named`);
});
