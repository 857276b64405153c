import t from 'tap';
import { checkImports } from './support/import-rules.ts';
import { parseImports } from './support/parse-imports.ts';
import { readTypeScript } from './support/sources.ts';

t.test('every file imports only what it may', async (t) => {
  t.same(checkImports(readTypeScript()), []);
});

const complaintsAbout = (files: Record<string, string>): string[] => checkImports(new Map(Object.entries(files)));

t.test('imports are found in each of their forms', async (t) => {
  const text = `
import t from 'tap';
import { a,
  b } from '../model/x.ts';
import type { C } from './c.ts';
export * from './d.ts';
export type { E } from './e.ts';
import './f.ts';
const g = await import('./g.ts');
const h = require('@scope/h/deep.js');
import { readFile } from 'node:fs/promises';
// import x from './comment.ts';
/* import y from './block.ts'; */
export const from = 'text';
`;
  const found = parseImports('daemons/shared/effects/me.ts', text);
  const here = 'daemons/shared/effects';
  t.same(found.map(({ from }) => from).sort(), [
    '@scope/h',
    ...['c', 'd', 'e', 'f', 'g'].map((name) => `${here}/${name}.ts`),
    'daemons/shared/model/x.ts',
    'node:fs/promises',
    'tap',
  ]);
  t.same(
    found.filter(({ typeOnly }) => typeOnly).map(({ from }) => from),
    [`${here}/c.ts`, `${here}/e.ts`],
  );
});

t.test('what may be imported is not complained about', async (t) => {
  t.same(
    complaintsAbout({
      'daemons/shared/model/a.ts': "import { b } from './b.ts';\nimport { createHash } from 'node:crypto';",
      'daemons/shared/reconcile/a.ts': "import { b } from '../model/b.ts';",
      'daemons/shared/effects/command.ts': "import { execa } from 'execa';\nimport { b } from '../model/b.ts';",
      'daemons/shared/effects/netlink/links.ts': "import { open } from 'netlink';",
      'daemons/shared/source/a.ts': "import { b } from '../effects/command.ts';",
      'daemons/shared/daemon/a.ts': "import { b } from '../source/a.ts';",
      'daemons/dns/main.ts': "import { b } from './b.ts';\nimport { c } from '../shared/daemon/a.ts';",
      'daemons/network-manager/main.ts': "import { add } from '../../cni-plugins/api.ts';",
      'cni-plugins/api.ts': "import { b } from '../daemons/shared/effects/netlink.ts';",
      'daemons/dns/want.ts':
        "// Pure: x\nimport type { C } from './main.ts';\nimport { b } from '../shared/reconcile/plan.ts';",
      'daemons/shared/reconcile/plan.ts': '',
      'daemons/dns/text.ts': "// Pure: x\nimport { isIP, isIPv6 as six } from 'node:net';",
      'test/unit/a.test.ts': "import { execa } from 'execa';\nimport '../../daemons/dns/main.ts';",
    }),
    [],
  );
});

t.test('each rule finds its violation', async (t) => {
  const cases: [string, string, RegExp][] = [
    ['daemons/shared/model/a.ts', "import '../reconcile/b.ts';", /may not import from there/],
    ['daemons/shared/model/a.ts', "import 'zod';", /nothing outside itself/],
    ['daemons/shared/model/a.ts', 'export const now = Date.now();', /pure and uses Date.now/],
    ['daemons/shared/reconcile/a.ts', "import '../effects/b.ts';", /may not/],
    ['daemons/shared/effects/a.ts', "import '../source/b.ts';", /may not/],
    ['daemons/shared/source/a.ts', "import type { B } from '../daemon/b.ts';", /may not/],
    ['daemons/shared/daemon/a.ts', "import '../../dns/b.ts';", /may not/],
    ['daemons/dns/a.ts', "import '../metadata/b.ts';", /may not/],
    ['daemons/dns/a.ts', "import '../../cni-plugins/b.ts';", /may not/],
    ['daemons/dns/a.ts', "import '../../test/fakes/b.ts';", /nothing imports test/],
    ['scripts/a.ts', "import '../test/fakes/b.ts';", /nothing imports test/],
    ['cni-plugins/a.ts', "import '../daemons/shared/effects/docker.ts';", /may not/],
    ['cni-plugins/a.ts', "import '../daemons/network-manager/a.ts';", /may not/],
    ['daemons/dns/a.ts', "import { execa } from 'execa';", /another file is the one/],
    ['daemons/dns/a.ts', "import { DatabaseSync } from 'node:sqlite';", /another file is the one/],
    ['daemons/dns/a.ts', "import x from 'left-pad';", /no rule/],
    ['daemons/dns/want.ts', "// Pure: x\nimport { readFileSync } from 'node:fs';", /pure and imports node:fs/],
    ['daemons/dns/want.ts', "// Pure: x\nimport { isIP, connect } from 'node:net';", /pure and imports node:net/],
    ['daemons/dns/want.ts', "// Pure: x\nimport net from 'node:net';", /pure and imports node:net/],
    ['daemons/dns/want.ts', '// Pure: x\nexport const home = process.env.HOME;', /pure and uses process.env/],
  ];
  for (const [path, text, complaint] of cases) t.match(complaintsAbout({ [path]: text }).join('\n'), complaint, text);
});

t.test('a pure file imports pure files, and not the loop', async (t) => {
  t.match(
    complaintsAbout({
      'daemons/dns/want.ts':
        "// Pure: x\nimport { serve } from './serve.ts';\nimport { Loop } from '../shared/reconcile/loop.ts';",
      'daemons/dns/serve.ts': "import { createServer } from 'node:net';",
      'daemons/shared/reconcile/loop.ts': '',
    }),
    [/serve\.ts, which is not/, /loop\.ts, which is not/],
  );
});

t.test('a plugin pulls in nothing heavy, however far away', async (t) => {
  const files = {
    'cni-plugins/a.ts': "import '../daemons/shared/effects/files.ts';",
    'daemons/shared/effects/files.ts': "export { run } from './middle.ts';",
    'daemons/shared/effects/middle.ts': "const run = () => import('./command.ts');",
    'daemons/shared/effects/command.ts': "import { execa } from 'execa';",
  };
  t.same(complaintsAbout(files), ['cni-plugins/a.ts pulls in execa, at any depth']);
  const typed = { ...files, 'daemons/shared/effects/middle.ts': "import type { Run } from './command.ts';" };
  t.same(complaintsAbout(typed), [], 'a type is erased');
});
