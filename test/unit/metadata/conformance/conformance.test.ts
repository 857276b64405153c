// Every row of the table over HTTP, of both worlds. A new row needs a line in rows.ts and nothing here.
import t, { type Test } from 'tap';
import { Trees } from '../../../../daemons/metadata/answer.ts';
import { Catalog } from '../../../../daemons/metadata/catalog.ts';
import { parseAnswers } from '../../../../daemons/metadata/parse-answers.ts';
import { Tokens } from '../../../../daemons/metadata/tokens.ts';
import { parseYaml11 } from '../../../../daemons/shared/effects/yaml.ts';
import { hostId, idOf } from '../../../fixtures/records.ts';
import { solo, World } from '../world.ts';
import { objects, saved } from './fixture.ts';
import { elsewhere, type Facts, front, type Row, rows } from './rows.ts';
import { type Serving, serving } from './serving.ts';

interface Side {
  readonly name: 'snapshot' | 'file';
  readonly facts: Facts;
  readonly serve: Serving;
  /** Changes the facts, and so /version. */
  change(): void;
}

async function snapshotSide(t: Test): Promise<Side> {
  const tokens = new Tokens();
  const world = new World(undefined, tokens);
  const linked = { ...solo, links: { DBlink: 'Web-db-1' } };
  world.change([linked]);
  tokens.use(
    new Map([
      ['sv-1', 'tok-front'],
      ['sv-2', 'tok-db'],
    ]),
  );
  const serve = await serving(t, world.catalog, world.trees);
  const change = (): void => {
    world.change([{ ...linked, startCount: 7 }]);
    serve.http.changed(world.revision);
  };
  const facts = { version: world.catalog.version, region: false, stack: 'st-1', service: 'sv-1', db: idOf(2) };
  return { name: 'snapshot', facts, serve, change };
}

const fileVersion = '20aff454-dabf-8000-8000-000000000001';
const parse = (text: string, version = fileVersion) =>
  parseAnswers(text, { path: 'answers', form: 'auto', version, parseYaml: parseYaml11 });

async function fileSide(t: Test): Promise<Side> {
  const catalog = new Catalog(hostId);
  const trees = new Trees(catalog);
  trees.layer.set(parse(saved(objects)), 'instead', fileVersion);
  const serve = await serving(t, catalog, trees);
  const change = (): void => {
    trees.layer.set(parse(objects, fileVersion.replace('20', '21')), 'instead', fileVersion);
    serve.http.changedAll();
  };
  const facts = { version: fileVersion, region: true, stack: 'st-1', service: 'sv-1', db: 'c-2' };
  return { name: 'file', facts, serve, change };
}

const types = { T: undefined, J: 'application/json', Y: 'text/yaml' } as const;

async function check(
  t: Test,
  { facts, serve }: Side,
  { get, as = 'T', status = 200, body, from, method }: Row,
): Promise<void> {
  const given = await serve.ask(get, { from, method, accept: types[as] });
  const wanted = typeof body === 'function' ? body(facts) : body;
  t.equal(given.status, status, 'status');
  if (typeof wanted === 'string') t.equal(given.body, wanted, 'body');
  else t.match(given.body, wanted, 'body');
  if (method === undefined && status !== 400) {
    const head = await serve.ask(get, { from, method: 'HEAD', accept: types[as] });
    const { date: _, ...headers } = given.headers;
    t.match(head.headers, headers, 'HEAD has the same headers');
    t.equal(head.body, '');
  }
}

for (const make of [snapshotSide, fileSide]) {
  t.test(make.name, async (t) => {
    const side = await make(t);
    for (const row of rows) {
      if (row.only !== undefined && row.only !== side.name) continue;
      const name = `row ${row.row}: ${row.method ?? 'GET'} ${row.get.slice(0, 60)} from ${row.from ?? '-'} as ${row.as ?? 'T'}`;
      await t.test(name, (t) => check(t, side, row));
    }
    await t.test('row 64: HEAD tells the length', async (t) => {
      t.match(await side.serve.ask('/latest/version', { method: 'HEAD' }), { headers: { 'content-length': '36' } });
    });
    await t.test('what a client has already is not sent again', async (t) => {
      const ask = (tag: string, accept?: string) =>
        side.serve.ask('/latest/containers', { accept, headers: { 'If-None-Match': tag } });
      const etag = String((await side.serve.ask('/latest/containers')).headers.etag);
      t.match(etag, /^"[\w-]{27}"$/);
      t.match(await ask(`"x", W/${etag}`), { status: 304, body: '', headers: { etag } });
      t.match(await ask('*'), { status: 304 });
      t.match(await ask('"x"'), { status: 200, body: /solo/ });
      t.match(await ask(etag, 'application/json'), { status: 200 }, 'another format is another content');
      t.equal((await side.serve.ask('/latest/nope')).headers.etag, undefined);
    });
    await t.test('row 50: the cleaned location keeps the query', async (t) => {
      t.equal((await side.serve.ask('/latest//services?x=1')).headers.location, '/latest/services?x=1');
    });
    await t.test('row 61: a path that never appears is not found after the wait', async (t) => {
      t.match(await side.serve.ask('/latest/nope?wait=true&value=x&maxWait=1'), { status: 404, body: 'Not found\n' });
    });
    await t.test('row 60: the same value when the time is up, a new one when it changes', async (t) => {
      const poll = `/latest/version?wait=true&value=${side.facts.version}&maxWait=`;
      t.equal((await side.serve.ask(`${poll}1`)).body, side.facts.version);
      const waiting = side.serve.ask(`${poll}100`);
      const own = side.serve.ask('/latest/self/container/name?wait=true&value=web-front-1&maxWait=1', { from: front });
      await side.serve.ask('/latest/name');
      side.change();
      const { status, body } = await waiting;
      t.equal(status, 200);
      t.not(body, side.facts.version);
      t.equal((await own).body, 'web-front-1', 'who waits for something else waits on');
    });
  });
}

t.test('no row of the reference is missing', async (t) => {
  const covered = new Set([...rows.map(({ row }) => row), ...elsewhere]);
  t.same(
    Array.from({ length: 65 }, (_, at) => at + 1).filter((row) => !covered.has(row)),
    [],
  );
});
