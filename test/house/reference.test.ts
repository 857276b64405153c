// docs/reference.md is made of the code: it is up to date, and misses nothing.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { findEvents } from '../../scripts/lib/reference/find-events.ts';
import { findMetrics, namesOfMetrics } from '../../scripts/lib/reference/find-metrics.ts';
import { daemonSources, page, renderReference } from '../../scripts/lib/reference/render.ts';

const sources = daemonSources();

t.test('it is up to date', async (t) => {
  const [have, want] = [readFileSync(page, 'utf8'), await renderReference()];
  const lines = new Set(have.split('\n'));
  t.same(
    want.split('\n').filter((line) => !lines.has(line)),
    [],
    'run npm run reference, and commit docs/reference.md with the change',
  );
  t.equal(have === want, true, 'run npm run reference, and commit docs/reference.md with the change');
});

t.test('every metric of the code is in it, with words', async (t) => {
  const found = findMetrics(sources);
  const known = new Set(found.map(({ name }) => name));
  for (const [path, text] of sources)
    t.same(
      namesOfMetrics(text).filter((name) => !known.has(name)),
      [],
      path,
    );
  t.same(
    found.filter(({ help }) => help === '').map(({ name }) => name),
    [],
    'each has a help text',
  );
});

t.test('every event of the code is in it', async (t) => {
  const known = new Set(findEvents(sources).map(({ name }) => name));
  const written = [...sources.values()].flatMap((text) =>
    [...text.matchAll(/\bevent: [^,}\n]*'([\w-]+\.[\w.-]+)'/g)].map(([, name = '']) => name),
  );
  t.ok(written.length > 50);
  t.same(
    written.filter((name) => !known.has(name)),
    [],
  );
});

t.test('what calls say is read', async (t) => {
  const text = `
    const help = 'Seen (all)';
    metrics.gauges('corral_a', help, ['x', 'y'], () => []);
    metrics.counter(
      \`corral_\${kind}_total\`,
      "It's, counted",
    );
    log.warn({ event: 'a.lost', list: [1, { b: ')' }] }, \`lost \${name}\`);
    log.info({ event: ok ? 'a.well' : 'a.ill' });
  `;
  const file = new Map([['daemons/dns/a.ts', text]]);
  t.match(findMetrics(file), [
    { name: 'corral_<kind>_total', type: 'counter', labels: [], help: "It's, counted" },
    { name: 'corral_a', type: 'gauge', labels: ['x', 'y'], help: 'Seen (all)' },
  ]);
  const more = new Map([
    ...file,
    ['daemons/metadata/b.ts', "import { c } from '../shared/c.ts';\nimport type { D } from '../shared/d.ts';"],
    ['daemons/overlay/b.ts', "import { c } from '../shared/c.ts';\nexport { d } from '../shared/d.ts';"],
    ['daemons/shared/c.ts', "import './e.ts';\nlog.info({ event: 'c.said' }, 'c');"],
    ['daemons/shared/d.ts', "log.info({ event: 'd.said' }, 'd');"],
    ['daemons/shared/e.ts', "log.info({ event: 'e.said' }, 'e');\nimport './c.ts';"],
  ]);
  t.match(findEvents(more), [
    { name: 'a.ill', levels: ['info'] },
    { name: 'a.lost', levels: ['warn'], daemons: ['dns'], text: 'lost <name>' },
    { name: 'a.well' },
    { name: 'c.said', daemons: ['metadata', 'overlay'] },
    { name: 'd.said', daemons: ['overlay'] },
    { name: 'e.said', daemons: ['metadata', 'overlay'] },
  ]);
  more.set('daemons/dns/a.ts', `${text}\nawait import('../shared/c.ts');`);
  t.match(
    findEvents(more).find(({ name }) => name === 'e.said'),
    { daemons: ['every daemon'] },
  );
});
