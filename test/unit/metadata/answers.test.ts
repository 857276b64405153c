// Answers of a file: both forms, what is hostile in them, and how they lie over those of this host.
import { deflateRawSync, constants as zlib } from 'node:zlib';
import t from 'tap';
import { answer, Trees } from '../../../daemons/metadata/answer.ts';
import { AnswerLayer } from '../../../daemons/metadata/answer-layer.ts';
import { Catalog } from '../../../daemons/metadata/catalog.ts';
import { parseAnswers } from '../../../daemons/metadata/parse-answers.ts';
import { parseYaml11 } from '../../../daemons/shared/effects/yaml.ts';
import { renderError } from '../../../daemons/shared/model/errors.ts';
import { hostId } from '../../fixtures/records.ts';
import { objects, saved } from './conformance/fixture.ts';
import { solo, World } from './world.ts';

const version = '11111111-1111-8111-8111-111111111111';
const parse = (text: string, form: 'auto' | 'tree' | 'objects' = 'auto') =>
  parseAnswers(text, { path: '/etc/answers', form, version, parseYaml: parseYaml11 });

const alone = (text: string) => {
  const trees = new Trees(new Catalog(hostId));
  trees.layer.set(parse(text), 'instead', version);
  return (target: string, from?: string, accept?: string): string => {
    const given = answer(trees, { method: 'GET', target, accept, self: undefined, from });
    return given.status === 200 ? given.body.toString('utf8') : String(given.status);
  };
};

const r12 = `
'2015-12-19':
  default: { key1: value1, key3: value3a, KEY3: value3b, arbitrarily: { nested: [ YAML, of, any, type, 42, null, false ] } }
  '192.168.0.2': { key1: value2 }
  '::1': { key1: value5 }
`;

t.test('the tree form: the worked examples of the reference', async (t) => {
  const rows: readonly [string, string | undefined, string][] = [
    ['/latest/key1', undefined, 'value1'],
    ['/latest/key1', '192.168.0.2', 'value2'],
    ['/latest/key1', '::1', 'value5'],
    ['/latest/key1', '192.168.0.3', 'value1'],
    ['/latest/key3', '192.168.0.2', 'value3a'],
    ['/latest/KEY3', undefined, 'value3b'],
    ['/latest/Key3', undefined, 'value3a'],
    ['/latest/arbitrarily/nested', undefined, '0\n1\n2\n3\n4\n5\n6\n'],
    ['/latest/arbitrarily/nested/4', undefined, '42'],
    ['/latest/arbitrarily/nested/5', undefined, ''],
    ['/latest/arbitrarily/nested/6', undefined, 'false'],
    ['/latest/arbitrarily/nested/YAML', undefined, '404'],
    ['/', undefined, '2015-12-19\nlatest\n'],
    ['/2016-07-29/key1', undefined, '404'],
    ['/2015-12-19/key1', undefined, 'value1'],
  ];
  for (const text of [
    r12,
    JSON.stringify(parseYaml11(r12, ''), (_, value) => (typeof value === 'bigint' ? Number(value) : value)),
  ]) {
    const ask = alone(text);
    for (const [target, from, body] of rows) t.equal(ask(target, from), body, `${target} from ${from}`);
  }
});

t.test('the tree form: scalars of YAML 1.1, keys that are no texts, aliases, a self of one’s own', async (t) => {
  const ask = alone(`
latest:
  default:
    octal: 0755
    yes: yes
    date: 2016-01-02
    one: 1.0
    5: five
    ~: tilde
    big: 18446744073709551615
    anchor: &a { x: 1 }
    again: *a
    merged: { <<: *a, y: 2 }
    self: { host: { name: h } }
  10.0.0.1: { self: { container: { name: c } } }
  10.0.0.2:
`);
  const rows: readonly [string, string][] = [
    ['octal', '493'],
    ['yes', 'true'],
    ['date', '2016-01-02'],
    ['one', '1'],
    ['5', 'five'],
    ['~', 'tilde'],
    ['big', '18446744073709551615'],
    ['again/x', '1'],
    ['merged', 'x\ny\n'],
  ];
  for (const [key, body] of rows) {
    t.equal(ask(`/latest/${key}`), body, key);
  }
  t.equal(ask('/latest/big', undefined, 'application/json'), '18446744073709551615');
  t.equal(ask('/latest/self', '10.0.0.1'), 'container/\n', 'an own self hides the default one');
  t.equal(ask('/latest/self', '10.0.0.2'), 'host/\n');
  t.equal(ask('/latest/octal', '10.0.0.1'), '493');
});

t.test('nothing at all: latest is there and empty', async (t) => {
  const ask = alone('{}');
  t.same([ask('/'), ask('/latest'), ask('/2015-12-19')], ['latest\n', '404', '404']);
});

t.test('objects: plain, saved, saved in two parts, with any space between', async (t) => {
  const [first, second] = [objects.slice(0, 900), objects.slice(900)];
  const flushed = deflateRawSync(first, { finishFlush: zlib.Z_SYNC_FLUSH });
  const parts = JSON.stringify({
    Version: 'x',
    Data: Buffer.concat([flushed, deflateRawSync(second)]).toString('base64'),
  });
  for (const text of [objects, objects.replaceAll('\n', ''), saved(objects), parts]) {
    t.equal(alone(text)('/latest/containers'), '0=solo\n1=web-db-1\n2=web-front-1\n');
  }
});

t.test('objects: malformed and unknown ones do no harm', async (t) => {
  const odd = [
    { metadata_kind: 'container', name: 'no uuid' },
    {
      metadata_kind: 'container',
      uuid: 'u1',
      name: null,
      primary_ip: '10.42.9.1',
      ports: [5, null, 'x', '::1:80:80'],
      labels: null,
    },
    { metadata_kind: 'service', uuid: 's1' },
    { metadata_kind: 'service', uuid: 's2', name: 'NoStack', sidekicks: null },
    { metadata_kind: 'host', uuid: 7 },
    { metadata_kind: 'serviceContainerLink', service_uuid: 's2', service_name: 'NOSTACK', container_uuid: 'u1' },
    { metadata_kind: 'serviceContainerLink', service_uuid: 's2', service_name: 'NoStack', container_uuid: 'missing' },
    { metadata_kind: 'serviceLink', service_uuid: 's2' },
    { metadata_kind: 'credential', public_value: 'p', secret_value: 's3cret', url: 'http://x' },
    { metadata_kind: '__proto__', uuid: 'x' },
    { metadata_kind: null },
    { metadata_kind: 'defaultData', version: 'v', self: { host: null } },
    { metadata_kind: 'environment', name: 'env' },
  ];
  const text = odd.map((one) => JSON.stringify(one)).join('');
  t.equal(parse(text).leftOut.length, 4);
  const ask = alone(text);
  t.equal(ask('/latest/containers'), '0=u1\n', 'a null name falls back to the uuid');
  t.equal(ask('/2015-07-25/services/NoStack/containers', undefined, 'application/json'), '["u1"]');
  t.equal(ask('/latest/self/service/name', '10.42.9.1'), 'nostack');
  t.equal(ask('/latest/self/stack', '10.42.9.1'), '404');
  t.equal(ask('/latest/self'), '');
  t.notMatch(ask('/latest', undefined, 'application/json'), /s3cret|metadata_kind/);
});

t.test('what cannot be served is refused with one line that shows nothing of it', async (t) => {
  const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  const bomb = `latest: { default: { a0: &a0 [x, x, x, x, x, x, x, x, x, x], ${Array.from({ length: 12 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(10).fill(`*a${n}`).join(', ')}]`).join(', ')} } }`;
  const cases: readonly [string, RegExp, ('tree' | 'objects')?][] = [
    ['', /it is empty/],
    ['tok-s3cret', /no map of versions/],
    ['[tok-s3cret]', /no map of versions/],
    ['{"latest": tok-s3cret: [', /read \/etc\/answers: /],
    ['latest: { default: { a: "tok-s3cret } }', /at line 1/],
    ['latest: &x { default: *x }', /an alias stands inside of what it repeats/],
    [bomb, /more than 4000000 values/],
    [deep(100), /more than 64 levels/],
    ['{"Version":"1","Data":"tok-s3cret!!"}', /not base64 of raw deflate/],
    [
      JSON.stringify({ Version: '1', Data: deflateRawSync(objects).subarray(0, 200).toString('base64') }),
      /not base64 of raw deflate/,
    ],
    [
      JSON.stringify({ Version: '1', Data: deflateRawSync(`${objects}{"tok-s3cret`).toString('base64') }),
      /behind object 15: an object without its end/,
    ],
    [`${objects}tok-s3cret`, /behind object 15: something that is no object/],
    [`${objects}{tok-s3cret}`, /object 16 is not JSON/],
    [r12, /no objects with a metadata_kind/, 'objects'],
  ];
  for (const [text, reason, form] of cases) {
    try {
      parse(text, form);
      t.fail(`accepted: ${text.slice(0, 60)}`);
    } catch (error) {
      t.match(renderError(error), reason, text.slice(0, 60));
      t.notMatch(renderError(error), /s3cret|\n/);
      t.equal((error as Error).cause, undefined, 'nor in its cause');
    }
  }
});

t.test('odd names and values are only names and values', async (t) => {
  const names = [
    '__proto__',
    'constructor',
    'a/b',
    '',
    ' ',
    '%',
    '+',
    '💥',
    '\u0000',
    'default',
    '0',
    'x'.repeat(10_000),
  ];
  const tree = names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(name)}`).join(',');
  const ask = alone(`{"latest":{"default":{"odd":{${tree}}}}}`);
  for (const name of names) {
    if (name !== '')
      t.equal(
        ask(`/latest/odd/${encodeURIComponent(name)}`),
        name === '\u0000' ? '\0' : name,
        encodeURIComponent(name).slice(0, 20),
      );
  }
  for (const accept of ['text/plain', 'application/json', 'text/yaml'])
    t.ok(ask('/latest/odd', undefined, accept).length > 10_000);
  t.equal(({} as { polluted?: unknown }).polluted, undefined);
});

t.test('over this host: keys of the file win, a known self stays, /version follows both', async (t) => {
  const world = new World();
  const set = (text: string, stamp: string): void => world.trees.layer.set(parse(text), 'over', stamp);
  const ask = (target: string, self = true, from?: string): string => {
    const given = answer(world.trees, {
      method: 'GET',
      target,
      accept: undefined,
      self: self ? solo : undefined,
      from,
    });
    return given.status === 200 ? given.body.toString() : String(given.status);
  };
  const before = ask('/latest/version');
  set(
    '{"latest":{"default":{"name":"other","mine":1,"self":{"host":{"name":"f"}}},"10.42.1.13":{"self":{"container":{"name":"own"}}}},"2020-01-01":{"default":{"a":"b"}}}',
    version,
  );
  t.equal(ask('/latest/name'), 'other');
  t.equal(ask('/latest/mine'), '1');
  t.equal(ask('/latest/containers/solo/name'), 'solo');
  t.equal(ask('/latest/self/container/name'), 'solo');
  t.equal(ask('/latest/self/host/name', false), 'f');
  t.equal(ask('/latest/self/container/name', true, '10.42.1.13'), 'own');
  t.equal(ask('/2015-12-19/mine'), '404', 'a version that the file does not name is this host’s alone');
  t.equal(ask('/'), '2015-07-25\n2015-12-19\n2016-07-29\n2020-01-01\nlatest\n');
  t.equal(ask('/2020-01-01'), 'a\n');
  const laid = ask('/latest/version');
  t.match(laid, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  t.not(laid, before);
  set('{"latest":{"default":{"name":"other"}}}', version.replace('1', '2'));
  t.not(ask('/latest/version'), laid);
  t.notSame(new AnswerLayer().isAlone, true);
});
