// docs/configuration.md against the schema: every key, its default and its variable, and no others.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { parseConfig, variablePaths } from '../../daemons/shared/daemon/config.ts';
import { configSchema } from '../../daemons/shared/daemon/config-schema.ts';

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
const defaults = configSchema.parse({});

/** Rows of the table whose header begins with these columns, as cells without backquotes. */
function rowsOf(header: string): string[][] {
  const lines = page.slice(page.indexOf(header)).split('\n').slice(2);
  return lines.slice(0, lines.indexOf('')).map((line) => {
    return line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replace(/^`|`$/g, ''));
  });
}

function valueAt(path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], defaults);
}

t.test('every key with its default and its variable', async (t) => {
  const rows = rowsOf('| key | default | variable |');
  const documented = new Map(rows.map(([key, , variable]) => [variable, key]));
  t.same(documented, new Map([...variablePaths()].map(([variable, path]) => [variable, path.join('.')])));
  for (const [key = '', text] of rows) {
    if (key === 'networks') continue;
    t.same(text === '-' ? undefined : parse(text ?? ''), valueAt(key.split('.')), key);
  }
});

t.test('every key of a network with its default', async (t) => {
  const rows = rowsOf('| key | default | meaning |').filter(([, text]) => text !== '-');
  const documented = Object.fromEntries(rows.map(([key, text]) => [key, parse(text ?? '')]));
  const bare = configSchema.shape.networks.parse([{}]);
  t.same(documented, bare[0]);
});

t.test('the example is the default, but for the name of the host', async (t) => {
  const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const { host, ...rest } = parseConfig(example, {}, 'docs/configuration.md');
  t.same(rest, omitHost(defaults));
  t.equal(host.name, 'node-1');
});

function omitHost<T extends { host: unknown }>(config: T): Omit<T, 'host'> {
  const { host: _, ...rest } = config;
  return rest;
}
