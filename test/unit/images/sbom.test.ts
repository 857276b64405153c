import { readFileSync } from 'node:fs';
import t from 'tap';
import { absentPackages, images } from '../../../scripts/lib/build-images/images.ts';
import { type Lock, labelOf, makeBom } from '../../../scripts/lib/build-images/sbom.ts';

const lock: Lock = {
  version: '1.0.0',
  packages: {
    '': { dependencies: { a: '1', esbuild: '1' }, optionalDependencies: { b: '1', gone: '1' } },
    'node_modules/a': { version: '1.0.0', license: 'MIT', dependencies: { c: '1', '@s/d': '1' } },
    'node_modules/a/node_modules/c': { version: '2.0.0' },
    'node_modules/@s/d': { version: '0.1.0', integrity: 'sha512-AAEC', dependencies: { c: '1', '@types/x': '1' } },
    'node_modules/@types/x': { version: '9.0.0' },
    'node_modules/c': { version: '1.0.0', dependencies: { a: '1' } },
    'node_modules/b': { version: '1.0.0', os: ['darwin'] },
    'node_modules/esbuild': { version: '1.0.0' },
    'node_modules/unused': { version: '1.0.0' },
  },
};
const wish = { image: 'dns', lock, without: ['esbuild'], node: '24.0.0', arch: 'x64' };

t.test('what the suite loads on this machine, each package as Node.js finds it', async (t) => {
  const bom = makeBom(wish);
  t.match(bom.metadata.component, { name: 'corral/dns', version: '1.0.0' });
  t.same(
    bom.components.map(({ purl }) => purl),
    ['pkg:generic/node@24.0.0', 'pkg:npm/%40s/d@0.1.0', 'pkg:npm/a@1.0.0', 'pkg:npm/c@2.0.0', 'pkg:npm/c@1.0.0'],
  );
  const scoped = bom.components.find(({ name }) => name === '@s/d');
  t.same(scoped?.hashes, [{ alg: 'SHA-512', content: '000102' }]);
});

t.test('the label has no hashes', async (t) => {
  const label = labelOf(makeBom(wish));
  t.notMatch(label, '000102');
  t.equal(JSON.parse(label).components.length, 5);
});

t.test('of the real lockfile each image lists what is in it', async (t) => {
  const real: Lock = JSON.parse(readFileSync(new URL('../../../package-lock.json', import.meta.url), 'utf8'));
  const { dependencies, optionalDependencies } = real.packages['']!;
  const direct = Object.keys({ ...dependencies, ...optionalDependencies });
  const names = (image: string): string[] => {
    const without = absentPackages(images.find(({ name }) => name === image)!, direct);
    return makeBom({ ...wish, image, lock: real, without }).components.map(({ name }) => name);
  };
  t.ok(names('metadata').includes('etcd3'));
  t.notOk(names('metadata').includes('dockerode'));
  t.ok(names('network-manager').includes('dockerode'));
  t.ok(names('overlay').includes('cap'));
  t.notOk(names('dns').includes('etcd3'));
  for (const name of ['koa', 'pino', 'koffi']) t.ok(names('dns').includes(name), name);
  t.notOk(names('node').some((name) => name === 'esbuild' || name === 'typescript'));
  t.same(names('charon'), ['node']);
});
