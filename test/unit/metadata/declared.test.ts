// What is declared, merged with what sources say: whatever the order in which the two came, the outcome is the same.
import t from 'tap';
import { declaredObjects } from '../../../daemons/metadata/derive-declared.ts';
import { State } from '../../../daemons/metadata/state.ts';
import { parseConfig } from '../../../daemons/shared/daemon/config.ts';
import type {
  ContainerObject,
  ContainerRecord,
  ServiceObject,
  SnapshotObject,
} from '../../../daemons/shared/model/objects.ts';
import { keyOf } from '../../../daemons/shared/model/objects.ts';
import { changeBetween, isEmptyChange, objectsOf } from '../../../daemons/shared/model/snapshot.ts';
import { uuidOfName } from '../../../daemons/shared/model/uuid.ts';
import { clusterId, host, hostId, idOf, otherHostId, record } from '../../fixtures/records.ts';

const declare = (text: string) =>
  declaredObjects({ clusterId, hostId }, parseConfig(`declared: ${text}`, {}, 'x').declared, host());

class World {
  readonly state = new State({ clusterId, hostId, remember: () => {} });
  readonly #seen = new Map<string, SnapshotObject>();

  constructor() {
    this.state.onRevision(({ change, before, snapshot }) => {
      for (const key of change.drop) if (!this.#seen.delete(key)) throw new Error(`drop of what is not there: ${key}`);
      for (const object of change.put) this.#seen.set(keyOf(object), object);
      const all = new Map([...objectsOf(snapshot)].map((object) => [keyOf(object), object]));
      if (!isEmptyChange(changeBetween(new Map(this.#seen) as never, all)))
        throw new Error('the change is not the difference');
      if (before.revision + 1 !== snapshot.revision) throw new Error('a revision is missing');
    });
  }

  async declare(text: string): Promise<void> {
    const { containers, stacks, hosts } = declare(text);
    this.state.declare({ containers, stacks });
    this.state.setOwn(hosts);
    await this.state.settled();
  }

  async put(...records: ContainerRecord[]): Promise<void> {
    await this.state.change('network-manager', records, []);
  }

  async drop(...numbers: number[]): Promise<void> {
    await this.state.change(
      'network-manager',
      [],
      numbers.map((number) => `container/${idOf(number)}` as const),
    );
  }

  service(name: string): ServiceObject | undefined {
    return [...this.state.snapshot.all('service')].find((service) => service.name === name);
  }

  containers(): string[] {
    return [...this.state.snapshot.all('container')]
      .map(({ name, ips, state }) => `${name} ${ips.join()} ${state}`)
      .sort();
  }

  container(name: string): ContainerObject | undefined {
    return [...this.state.snapshot.all('container')].find((one) => one.name === name);
  }

  text(): string {
    return [...objectsOf(this.state.snapshot)]
      .map((object) => JSON.stringify(object))
      .sort()
      .join('\n');
  }
}

const front = (number: number, more: object = {}) =>
  record(number, {
    labels: { 'io.rancher.stack_service.name': 'web/front', tier: 'a' },
    ports: ['0.0.0.0:80:80/tcp'],
    ...more,
  });

t.test('a declared service without containers is there, with its sidekicks and its stack', async (t) => {
  const world = new World();
  await world.declare(`{ services: [
    { stack: web, name: front, sidekicks: [ logger ], links: [ db, mail/smtp ], scale: 3, healthCheck: { port: 80 }, fqdn: f.example.org },
    { stack: mail, name: smtp, externalIps: [ 192.0.2.25 ] },
    { stack: mail, name: web, hostname: www.example.org },
    { stack: mail, name: any, kind: dnsService, links: { smtp: alias } } ] }`);
  t.match(world.service('front'), {
    id: uuidOfName(clusterId, 'web/front'),
    serviceKind: 'service',
    containerIds: [],
    sidekicks: ['logger'],
    scale: 3,
    links: { 'web/db': 'db', 'mail/smtp': 'smtp' },
    hasHealthCheck: true,
    healthCheck: { port: 80 },
    fqdn: 'f.example.org',
    createIndex: null,
  });
  t.match(world.service('logger'), {
    uuid: uuidOfName(clusterId, 'web/front'),
    primaryServiceName: 'front',
    sidekicks: ['logger'],
  });
  t.match(world.service('smtp'), { serviceKind: 'externalService', externalIps: ['192.0.2.25'], hostname: null });
  t.match(world.service('web'), { serviceKind: 'externalService', hostname: 'www.example.org' });
  t.match(world.service('any'), { serviceKind: 'dnsService', links: { 'mail/smtp': 'alias' } });
  t.same([...world.state.snapshot.all('stack')].map(({ name, system }) => [name, system]).sort(), [
    ['mail', false],
    ['web', false],
  ]);
  await world.declare('{ stacks: [ { name: empty, system: true } ] }');
  t.same(
    [...world.state.snapshot.all('stack')].map(({ name, system }) => [name, system]),
    [['empty', true]],
    'and gone when declared no more',
  );
  t.equal(world.state.snapshot.count('service'), 0);
});

t.test('named fields win, the others and the membership follow from labels', async (t) => {
  const world = new World();
  await world.put(front(1), front(2));
  await world.declare('{ services: [ { stack: web, name: front, metadata: { a: 1 }, scale: 9, labels: { x: y } } ] }');
  t.match(world.service('front'), {
    containerIds: [idOf(1), idOf(2)],
    scale: 9,
    labels: { x: 'y' },
    metadata: { a: 1 },
    ports: ['80:80/tcp'],
  });
  t.notOk(world.service('front')?.labels.tier);
  t.equal(world.container('c2')?.serviceIndex, '2');
  await world.declare('{ services: [] }');
  t.match(world.service('front'), { scale: 2, labels: { tier: 'a' }, metadata: {} });
  await world.drop(1, 2);
  t.equal(world.service('front'), undefined);
});

t.test('a declared container stands for itself until one of its name is attached', async (t) => {
  const world = new World();
  const declared =
    '{ containers: [ { name: Db, ips: [ 10.42.9.9 ], stack: web, service: db, labels: { a: declared }, hostname: dbhost } ] }';
  await world.declare(declared);
  t.same(world.containers(), ['Db 10.42.9.9 running']);
  t.match(world.service('db'), { containerIds: [world.container('Db')?.id] });
  await world.put(
    record(1, { name: 'db', labels: { a: 'real', b: 'real' }, state: 'starting' }),
    record(2, { name: 'db', hostId: otherHostId }),
  );
  t.same(world.containers(), ['db 10.42.0.1 starting', 'db 10.42.0.2 running'], 'the one of another host is another');
  t.match(world.state.snapshot.get('container', idOf(1)), {
    labels: { a: 'declared', b: 'real' },
    hostname: 'dbhost',
    serviceName: 'db',
    stackName: 'web',
    state: 'starting',
  });
  t.equal(world.state.snapshot.get('container', idOf(2))?.serviceName, null);
  await world.put(record(1, { name: 'renamed' }));
  t.same(world.containers(), ['Db 10.42.9.9 running', 'db 10.42.0.2 running', 'renamed 10.42.0.1 running']);
  t.equal(world.state.snapshot.get('container', idOf(1))?.hostname, null);
  await world.put(record(1, { name: 'DB' }));
  await world.drop(1);
  t.same(world.containers(), ['Db 10.42.9.9 running', 'db 10.42.0.2 running']);
  await world.declare('{}');
  t.same(world.containers(), ['db 10.42.0.2 running']);
});

t.test('by its uuid a declared container lies over the attached one, whatever its name', async (t) => {
  const world = new World();
  await world.put(record(1));
  await world.declare(`{ containers: [ { name: other, uuid: ${idOf(1)}, links: { alias: c2 } } ] }`);
  t.match(world.state.snapshot.get('container', idOf(1)), { name: 'c1', links: { alias: 'c2' } });
  await world.drop(1);
  t.same(world.containers(), ['other  running'], 'which leaves the declaration in its place');
  await world.put(record(1));
  t.same(world.containers(), ['c1 10.42.0.1 running']);
});

t.test('hosts: the own one changed, others added, containers on them', async (t) => {
  const text = `{ hosts: [ { name: NODE-1, labels: { zone: z } }, { name: node-2, agentIp: 192.0.2.12 }, { name: node-3, uuid: ${otherHostId} } ],
    containers: [ { name: far, host: Node-2, ips: [ 10.42.8.8 ] }, { name: lost, host: nowhere } ] }`;
  const { hosts, containers, leftOut } = declare(text);
  t.match(hosts[0], {
    id: hostId,
    name: 'NODE-1',
    labels: { zone: 'z' },
    agentIp: '192.0.2.11',
    memory: 8_589_934_592,
  });
  t.match(hosts[1], { name: 'node-2', hostname: 'node-2', agentIp: '192.0.2.12', labels: {}, memory: null });
  t.equal(hosts[2]?.id, otherHostId);
  t.equal(containers[0]?.record.hostId, hosts[1]?.id);
  t.same(leftOut, ['container lost: no host nowhere is declared']);
  const world = new World();
  await world.state.change('overlay', [host({ id: otherHostId, name: 'reported' })], []);
  await world.declare(text);
  t.equal(world.state.snapshot.get('host', otherHostId)?.name, 'node-3');
  await world.declare('{}');
  t.equal(world.state.snapshot.get('host', otherHostId)?.name, 'reported', 'what its source says counts again');
});

t.test('tokens are in none of the objects', async (t) => {
  const { tokens, ...rest } = declare('{ services: [ { stack: web, name: front, token: tok-s3cret } ] }');
  t.same([...tokens], [[uuidOfName(clusterId, 'web/front'), 'tok-s3cret']]);
  t.notMatch(
    JSON.stringify(rest, (_, value) => (value instanceof Map ? [...value] : value)),
    'tok-s3cret',
  );
});

t.test('any order of any changes ends alike', async (t) => {
  const seeds = Array.from({ length: 20 }, (_, seed) => seed);
  const declarations = [
    '{}',
    '{ services: [ { stack: web, name: front, scale: 7, sidekicks: [ log ] } ], containers: [ { name: c1, ips: [ 10.42.9.1 ] } ] }',
    '{ stacks: [ { name: web, system: true } ], containers: [ { name: C2, stack: web, service: front }, { name: ghost, stack: web } ] }',
    `{ services: [ { stack: web, name: log, primary: front, links: [ db ] } ], containers: [ { name: odd, uuid: ${idOf(3)} } ] }`,
  ];
  const records = [
    front(1),
    front(2, { system: true }),
    record(3),
    record(1),
    record(2, { name: 'c1' }),
    front(3, { name: 'ghost' }),
    record(4, { name: 'C2', hostId: otherHostId }),
  ];
  for (const seed of seeds) {
    let state = seed + 1;
    const random = (below: number): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state % below;
    };
    const world = new World();
    let declared = '{}';
    const known = new Map<string, ContainerRecord>();
    for (let step = 0; step < 25; step += 1) {
      const one = records[random(records.length)]!;
      if (random(4) === 0) {
        declared = declarations[random(declarations.length)]!;
        await world.declare(declared);
      } else if (random(3) === 0) {
        known.delete(one.id);
        await world.state.change('network-manager', [], [keyOf(one)]);
      } else {
        known.set(one.id, one);
        await world.put(one);
      }
    }
    const fresh = new World();
    if (seed % 2 === 0) await fresh.declare(declared);
    await fresh.put(...known.values());
    if (seed % 2 === 1) await fresh.declare(declared);
    if (world.text() !== fresh.text()) return t.equal(world.text(), fresh.text(), `seed ${seed}`);
  }
  t.pass();
});
