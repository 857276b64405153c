// Who may see a token: the containers of its service, and nobody else by any path, in any version, in any format.
import t, { type Test } from 'tap';
import { answer, type Trees, Trees as TreesOf } from '../../../daemons/metadata/answer.ts';
import { Catalog } from '../../../daemons/metadata/catalog.ts';
import { parseAnswers } from '../../../daemons/metadata/parse-answers.ts';
import { Tokens } from '../../../daemons/metadata/tokens.ts';
import { parseYaml11 } from '../../../daemons/shared/effects/yaml.ts';
import { parseIpv4 } from '../../../daemons/shared/model/ipv4.ts';
import { container, hostId, idOf } from '../../fixtures/records.ts';
import { objects } from './conformance/fixture.ts';
import { World } from './world.ts';

const versions = ['2015-07-25', '2015-12-19', '2016-07-29', 'latest'];
const formats = ['text/plain', 'application/json', 'text/yaml'];
const whole = [
  '',
  '/self',
  '/self/container',
  '/self/stack',
  '/self/host',
  '/services',
  '/stacks',
  '/containers',
  '/hosts',
  '/networks',
  '/environments',
];
const single = [
  '/services/front/token',
  '/services/Front/token',
  '/services/logger/token',
  '/services/db/token',
  '/stacks/web/services/front/token',
  '/self/stack/services/front/token',
  '/self/stack/services/db/token',
  '/self/stack/services/Front/token',
];

interface Caller {
  readonly name: string;
  readonly address: string;
  /** What its own service's token is. */
  readonly token: string | undefined;
}

function checkMatrix(
  t: Test,
  trees: Trees,
  selfOf: (address: string) => ReturnType<Catalog['containerAt']>,
  callers: readonly Caller[],
): void {
  for (const { name, address, token } of callers) {
    const ask = (target: string, accept: string) => {
      const from = trees.layer.hasClient(address) ? address : undefined;
      return answer(trees, { method: 'GET', target, accept, self: selfOf(address), from });
    };
    for (const version of versions) {
      t.equal(
        ask(`/${version}/self/service/token`, 'text/plain').body.toString(),
        token ?? 'Not found\n',
        `${name}, ${version}`,
      );
      for (const accept of formats) {
        for (const path of [...whole, ...single]) {
          const seen: string[] =
            ask(`/${version}${path}`, accept)
              .body.toString()
              .match(/tok-[a-z]+/g) ?? [];
          const mayBe = path === '' || path === '/self' ? [token] : [];
          const wrong = seen.filter((one) => !mayBe.includes(one));
          if (wrong.length > 0) t.fail(`${name} sees ${wrong.join()} at /${version}${path} as ${accept}`);
          if (path === '' && accept !== 'text/plain')
            t.equal(seen.length, token === undefined ? 0 : 1, `${name} sees its own once`);
        }
      }
    }
  }
}

t.test('of declared tokens', async (t) => {
  const tokens = new Tokens();
  const world = new World(undefined, tokens);
  const inWeb = { stackId: 'st-1', stackName: 'Web' };
  world.change([
    container(4, {
      name: 'log',
      ips: ['10.42.1.14'],
      ...inWeb,
      serviceId: 'sv-1-log',
      serviceName: 'Logger',
      serviceIndex: '1',
    }),
    container(5, {
      name: 'front-2',
      ips: ['10.42.1.15'],
      ...inWeb,
      serviceId: 'sv-1',
      serviceName: 'Front',
      serviceIndex: '2',
    }),
    { ...world.snapshot.get('service', 'sv-1')!, containerIds: [idOf(1), idOf(5)] },
    { ...world.snapshot.get('service', 'sv-1-log')!, containerIds: [idOf(4)] },
  ]);
  t.equal(
    tokens.use(
      new Map([
        ['sv-1', 'tok-front'],
        ['sv-2', 'tok-db'],
      ]),
    ),
    true,
  );
  t.equal(
    tokens.use(
      new Map([
        ['sv-1', 'tok-front'],
        ['sv-2', 'tok-db'],
      ]),
    ),
    false,
  );
  checkMatrix(t, world.trees, (address) => world.catalog.containerAt(parseIpv4(address)!), [
    { name: 'own', address: '10.42.1.10', token: 'tok-front' },
    { name: 'sibling', address: '10.42.1.15', token: 'tok-front' },
    { name: 'sidekick', address: '10.42.1.14', token: 'tok-front' },
    { name: 'other service', address: '10.42.1.12', token: 'tok-db' },
    { name: 'no service', address: '10.42.1.13', token: undefined },
    { name: 'unknown address', address: '203.0.113.9', token: undefined },
  ]);
});

const fileTrees = (text: string): Trees => {
  const trees = new TreesOf(new Catalog(hostId));
  trees.layer.set(
    parseAnswers(text, { path: 'x', form: 'auto', version: 'v', parseYaml: parseYaml11 }),
    'instead',
    'v',
  );
  return trees;
};

t.test('of a file of objects', async (t) => {
  const more = `{"metadata_kind":"container","uuid":"c-4","name":"log","primary_ip":"10.42.1.14"}{"metadata_kind":"serviceContainerLink","service_uuid":"sv-1","service_name":"Logger","container_uuid":"c-4"}`;
  checkMatrix(t, fileTrees(objects + more), () => undefined, [
    { name: 'own', address: '10.42.1.10', token: 'tok-front' },
    { name: 'sidekick', address: '10.42.1.14', token: 'tok-front' },
    { name: 'other service', address: '10.42.1.12', token: 'tok-db' },
    { name: 'no service', address: '10.42.1.13', token: undefined },
    { name: 'unknown address', address: '203.0.113.9', token: undefined },
  ]);
});

t.test('of a tree, linked environments and shared parts among it', async (t) => {
  const body = `
  default:
    services: &services [ &front { name: front, token: tok-front }, &db { name: db, token: tok-db } ]
    stacks: &stacks [ &web { name: web, services: *services } ]
    environments: [ { name: far, services: [ { name: x, token: tok-far } ], stacks: [ { services: *services } ], self: { service: *db } } ]
    self: { service: { name: nobody } }
  10.42.1.10: { self: { container: { name: c }, service: *front, stack: *web } }
  10.42.1.12: { self: { service: *db } }
`;
  const text = versions
    .map((version) => `'${version}':${body}`)
    .join('\n')
    .replaceAll('\n  default', '\n  default');
  const trees = fileTrees(text);
  const ask = (target: string, from?: string) =>
    answer(trees, { method: 'GET', target, accept: 'application/json', self: undefined, from }).body.toString();
  for (const version of versions) {
    t.same(ask(`/${version}`).match(/tok-\w+/g), null, 'everybody sees none');
    t.same(ask(`/${version}`, '10.42.1.10').match(/tok-\w+/g), ['tok-front'], 'its own once');
    t.same(ask(`/${version}`, '10.42.1.12').match(/tok-\w+/g), ['tok-db']);
    t.equal(ask(`/${version}/self/stack`, '10.42.1.10').match(/tok-\w+/), null);
  }
});

t.test('what is named token in people’s own data is theirs', async (t) => {
  const trees = fileTrees('{"latest":{"default":{"services":[{"name":"s","metadata":{"token":"mine"}}]}}}');
  const given = answer(trees, {
    method: 'GET',
    target: '/latest/services/s/metadata/token',
    accept: undefined,
    self: undefined,
  });
  t.equal(given.body.toString(), 'mine');
});
