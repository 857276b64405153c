import t from 'tap';
import { errorCodes } from '../../daemons/shared/model/errors.ts';
import { readSource, readTypeScript } from './support/sources.ts';

const home = 'daemons/shared/model/errors.ts';

/** Rows of docs/errors.md: `| \`CODE\` | what happened | what to do |`. */
function documentedCodes(page: string): Map<string, string> {
  const rows = page.matchAll(/^\| `([A-Z][A-Z0-9_]+)` \|([^|]+)\|([^|]+)\|$/gm);
  return new Map([...rows].map(([, code = '', , remedy = '']) => [code, remedy.trim()]));
}

function checkPage(codes: readonly string[], page: string): string[] {
  const documented = documentedCodes(page);
  return [
    ...codes.filter((code) => !documented.has(code)).map((code) => `${code} is missing in docs/errors.md`),
    ...codes.filter((code) => documented.get(code) === '').map((code) => `${code} has no remedy in docs/errors.md`),
    ...[...documented.keys()]
      .filter((code) => !codes.includes(code))
      .map((code) => `docs/errors.md explains ${code}, which no longer exists`),
  ];
}

/** Codes that no program of ours reports: tests and the list itself do not count. */
function unusedCodes(codes: readonly string[], sources: ReadonlyMap<string, string>): string[] {
  const code = [...sources].filter(([path]) => path !== home && !path.startsWith('test/')).map(([, text]) => text);
  return codes.filter((name) => !code.some((text) => text.includes(`'${name}'`)));
}

t.test('every error code is explained, with a remedy', async (t) => {
  t.same(checkPage(errorCodes, readSource('docs/errors.md')), []);
});

t.test('every error code is used', async (t) => {
  t.same(unusedCodes(errorCodes, readTypeScript()), []);
});

t.test('what is missing is found', async (t) => {
  const page =
    '| code | what | remedy |\n|---|---|---|\n| `ONE` | a | do this |\n| `TWO` | b |  |\n| `OLD` | c | d |\n';
  t.same(checkPage(['ONE', 'TWO', 'THREE'], page), [
    'THREE is missing in docs/errors.md',
    'TWO has no remedy in docs/errors.md',
    'docs/errors.md explains OLD, which no longer exists',
  ]);
  const sources = new Map([
    [home, "'ONE' 'TWO' 'THREE'"],
    ['daemons/dns/a.ts', "throw new SuiteError('ONE', 'x')"],
    ['test/unit/a.test.ts', "'TWO'"],
  ]);
  t.same(unusedCodes(['ONE', 'TWO', 'THREE'], sources), ['TWO', 'THREE']);
});
