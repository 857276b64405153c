// A release holds every program that another one starts.
import t from 'tap';
import { daemonTable } from '../../daemons/supervisor/table.ts';
import { programs } from '../../scripts/lib/bundle/programs.ts';
import { readTypeScript } from './support/sources.ts';

const sources = readTypeScript();

function started(text: string): string[] {
  return [...text.matchAll(/\bprogramPath\('([^']+)'\)/g)].map(([, name = '']) => name);
}

t.test('what is started is bundled', async (t) => {
  const named = [...sources].filter(([path]) => path.startsWith('daemons/')).flatMap(([, text]) => started(text));
  t.ok(named.includes('daemons/dns/hot/worker'), 'they are found');
  const all = [...named, ...daemonTable.map(({ name }) => `daemons/${name}/main`)];
  t.same(
    all.filter((name) => !programs.includes(name)),
    [],
  );
});

t.test('nothing else asks where it lies: in a release it lies elsewhere', async (t) => {
  const asks = (text: string): boolean => /import\.meta/.test(text.replaceAll('createRequire(import.meta.url)', ''));
  t.same(
    [...sources].filter(([path, text]) => /^(daemons|cni-plugins)\//.test(path) && asks(text)).map(([path]) => path),
    ['daemons/shared/daemon/installation.ts'],
    'programPath and installedPath tell it',
  );
});

t.test('what is bundled is there', async (t) => {
  t.same(
    programs.filter((name) => !sources.has(`${name}.ts`)),
    [],
  );
});
