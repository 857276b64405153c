import t from 'tap';
import { Derivation } from '../../../daemons/metadata/derive.ts';
import {
  type ContainerObject,
  type ContainerRecord,
  type Key,
  keyOf,
  type ServiceObject,
  type SnapshotObject,
} from '../../../daemons/shared/model/objects.ts';
import type { Change } from '../../../daemons/shared/model/snapshot.ts';
import { uuidOfName } from '../../../daemons/shared/model/uuid.ts';
import { clusterId, idOf, record } from '../../fixtures/records.ts';

type Step = ReadonlyMap<string, ContainerRecord | undefined>;
const path = 'io.rancher.stack_service.name';
const step = (...records: ContainerRecord[]): Step => new Map(records.map((one) => [one.id, one]));
const gone = (...numbers: number[]): Step => new Map(numbers.map((number) => [idOf(number), undefined]));

/** Follows changes the way a snapshot does, and refuses what a minimal change never says. */
class Follower {
  readonly objects = new Map<Key, SnapshotObject>();
  readonly #derivation = new Derivation(clusterId);

  take(records: Step): Change {
    const change = this.#derivation.apply(records);
    for (const object of change.put) {
      const before = this.objects.get(keyOf(object));
      if (before && JSON.stringify(before) === JSON.stringify(object))
        throw new Error(`put without a difference: ${object.id}`);
      this.objects.set(keyOf(object), object);
    }
    for (const key of change.drop) if (!this.objects.delete(key)) throw new Error(`drop of what is not there: ${key}`);
    return change;
  }

  text(): string {
    return [...this.objects.values()]
      .map((object) => JSON.stringify(object))
      .sort()
      .join('\n');
  }

  container(number: number): ContainerObject {
    return this.objects.get(`container/${idOf(number)}`) as ContainerObject;
  }

  service(name: string): ServiceObject {
    return [...this.objects.values()].find((one) => one.kind === 'service' && one.name === name) as ServiceObject;
  }
}

t.test('a service, its stack and its sidekick', async (t) => {
  const world = new Follower();
  world.take(
    step(
      record(1, { labels: { [path]: 'web/front', tier: '1' }, ports: ['0.0.0.0:8080:80/tcp', '192.0.2.1:53:53/udp'] }),
      record(2, { labels: { [path]: 'web/front', tier: '2' }, health: 'healthy' }),
      record(3, { labels: { [path]: 'web/front/log' } }),
      record(4),
    ),
  );
  const front = world.service('front');
  t.match(front, {
    id: uuidOfName(clusterId, 'web/front'),
    uuid: uuidOfName(clusterId, 'web/front'),
    stackId: uuidOfName(clusterId, 'web'),
    stackName: 'web',
    primaryServiceName: 'front',
    sidekicks: ['log'],
    containerIds: [idOf(1), idOf(2)],
    ports: ['192.0.2.1:53:53/udp', '8080:80/tcp'],
    scale: 2,
    createIndex: 1_001,
    hasHealthCheck: true,
  });
  t.same(front.labels, { [path]: 'web/front' }, 'only what all containers share');
  const log = world.service('log');
  t.equal(log.uuid, front.id);
  t.equal(log.id, uuidOfName(clusterId, 'web/front/log'));
  t.same([log.primaryServiceName, log.sidekicks, log.createIndex], ['front', ['log'], 1_003]);
  t.match(world.container(2), { stackName: 'web', serviceId: front.id, serviceName: 'front', serviceIndex: '2' });
  t.match(world.container(3), { serviceId: log.id, serviceName: 'log', serviceIndex: '1' });
  t.match(world.container(4), { stackId: null, stackName: null, serviceId: null, serviceIndex: null });
});

t.test('numbers: Compose’s as they are, the lowest free ones by age for the rest', async (t) => {
  const world = new Follower();
  const labels = { 'com.docker.compose.project': 'p', 'com.docker.compose.service': 's' };
  const numbered = { ...labels, 'com.docker.compose.container-number': '2' };
  world.take(
    step(record(9, { labels, createdAt: 5 }), record(7, { labels, createdAt: 6 }), record(8, { labels: numbered })),
  );
  t.same(
    [9, 7, 8].map((number) => world.container(number).serviceIndex),
    ['1', '3', '2'],
  );
  t.same(world.service('s').containerIds, [idOf(9), idOf(8), idOf(7)]);
});

t.test('an unrelated change touches nothing else', async (t) => {
  const world = new Follower();
  world.take(step(...Array.from({ length: 50 }, (_, at) => record(at, { labels: { [path]: `s${at % 5}/front` } }))));
  const change = world.take(step(record(99)));
  t.same(change.put.map(keyOf), [`container/${idOf(99)}`]);
  const move = world.take(step(record(10, { labels: { [path]: 's0/front' }, health: 'unhealthy' })));
  t.same(move.put.map(({ kind }) => kind).sort(), ['container', 'service']);
  t.same(world.take(step(record(10, { labels: { [path]: 's0/front' }, health: 'unhealthy' }))), { put: [], drop: [] });
});

t.test('the last container takes service and stack with it', async (t) => {
  const world = new Follower();
  world.take(
    step(record(1, { labels: { [path]: 'web/front' } }), record(2, { labels: { 'io.rancher.stack.name': 'web' } })),
  );
  t.same(
    world
      .take(gone(1))
      .drop.map((key) => key.split('/')[0])
      .sort(),
    ['container', 'service'],
  );
  t.equal(world.take(gone(2, 77)).drop.length, 2);
  t.equal(world.objects.size, 0);
});

t.test('refused labels leave the container alone and are known for as long as they last', async (t) => {
  const derivation = new Derivation(clusterId);
  derivation.apply(step(record(1, { labels: { [path]: 'a//b' } })));
  t.equal(derivation.refused.get(idOf(1))?.name, 'c1');
  derivation.apply(step(record(1, { labels: { [path]: 'a/b' } })));
  t.equal(derivation.refused.size, 0);
});

t.test('the final state does not depend on the order, the repetition or the size of the steps', async (t) => {
  const first = [
    record(1, { labels: { [path]: 'web/front' } }),
    record(2, { labels: { [path]: 'web/front/log' }, createdAt: 3 }),
    record(3, { labels: { [path]: 'web/front' }, createdAt: 2 }),
    record(4, { labels: { 'io.rancher.stack.name': 'web' }, system: true }),
    record(5, { labels: { 'corral.stack': 'db', 'corral.service': 'pg' }, system: true }),
    record(6),
    record(7, { labels: { [path]: 'gone/soon' } }),
  ];
  const last = new Map<string, ContainerRecord | undefined>(first.map((one) => [one.id, one]));
  last.set(idOf(7), undefined);
  last.set(idOf(6), record(6, { labels: { [path]: 'web/front' }, createdAt: 1 }));
  last.set(idOf(3), record(3, { labels: { [path]: 'db/pg' } }));
  const final = [...last].map((entry) => new Map([entry]));
  const plans: readonly (readonly Step[])[] = [
    [step(...first), last],
    [last],
    [...final].reverse(),
    [...final, ...final],
    [...first.map((one) => step(one)), ...[...final].reverse()],
    [step(...[...first].reverse()), ...final, last],
  ];
  const texts = plans.map((plan) => {
    const world = new Follower();
    for (const one of plan) world.take(one);
    return world.text();
  });
  for (const text of texts) t.equal(text, texts[0]);
  t.match(texts[0], /"name":"web"/);
});
