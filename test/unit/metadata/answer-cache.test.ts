import t, { type Test } from 'tap';
import { type Answer, answer, draftAnswer } from '../../../daemons/metadata/answer.ts';
import { AnswerCache } from '../../../daemons/metadata/answer-cache.ts';
import { touchedBy } from '../../../daemons/metadata/dependents.ts';
import type { ContainerObject, SnapshotObject } from '../../../daemons/shared/model/objects.ts';
import { container, host, idOf, service } from '../../fixtures/records.ts';
import { solo, World, webDb, webFront, worldObjects } from './world.ts';

const setup = (firstSliceMs = 1_000) => {
  const world = new World();
  const cache = new AnswerCache({ catalog: world.catalog, trees: world.trees, firstSliceMs });
  let made = 0;
  const ask = (target: string, accept = 'application/json', self?: ContainerObject): Promise<Answer> =>
    new Promise((done) => {
      const key = `${self?.id} ${accept} ${target}`;
      const known = cache.get(key);
      if (known) return done(known);
      const begin = () => {
        made += 1;
        return draftAnswer(world.trees, { method: 'GET', target, accept, self });
      };
      cache.make(key, begin, done);
    });
  const change = (put: readonly SnapshotObject[], drop: readonly string[] = []) => {
    world.change(put, drop);
    cache.touched(touchedBy(world.revision));
  };
  const fresh = (target: string, accept = 'application/json', self?: ContainerObject) =>
    answer(world.trees, { method: 'GET', target, accept, self }).body.toString();
  return { world, cache, ask, change, fresh, made: () => made };
};

/** Asks for each target before and after the change: `touched` must be made again, the others not. */
const check = async (
  t: Test,
  change: { put?: readonly SnapshotObject[]; drop?: readonly string[] },
  targets: Readonly<Record<string, 'again' | 'kept'>>,
) => {
  const bed = setup();
  for (const target of Object.keys(targets)) await bed.ask(target, 'application/json', webFront);
  bed.change(change.put ?? [], change.drop ?? []);
  for (const [target, fate] of Object.entries(targets)) {
    const before = bed.made();
    const given = (await bed.ask(target, 'application/json', webFront)).body.toString();
    t.equal(given, bed.fresh(target, 'application/json', webFront), `${target} is true`);
    t.equal(bed.made() - before, fate === 'again' ? 1 : 0, `${target} is ${fate}`);
  }
};

t.test('a change of a container disturbs what shows it, nothing else', (t) =>
  check(
    t,
    { put: [{ ...webDb, state: 'stopping' }] },
    {
      '/latest/containers': 'again',
      '/latest/version': 'again',
      '/latest/containers/web-db-1/state': 'again',
      '/latest/services/db': 'again',
      '/latest/self/stack': 'again',
      '/latest/self/container/name': 'kept',
      '/latest/self/service': 'kept',
      '/latest/containers/solo': 'kept',
      '/latest/hosts': 'kept',
      '/latest/name': 'kept',
      '/latest/containers/nobody': 'kept',
    },
  ),
);

t.test('who comes may bear a name that was asked for in vain, and one that another bears', (t) =>
  check(
    t,
    { put: [container(9, { name: 'Nobody' }), container(10, { name: 'solo' })] },
    {
      '/latest/containers/nobody/name': 'again',
      '/latest/containers/SOLO/uuid': 'again',
      '/latest/containers/0/name': 'again',
      '/latest/containers/web-db-1/name': 'kept',
      [`/latest/containers/${idOf(9)}/name`]: 'again',
      '/latest/self': 'kept',
    },
  ),
);

t.test('services that join a stack, hosts whose address changes', async (t) => {
  await check(
    t,
    { put: [service({ id: 'sv-9', name: 'nine' })] },
    { '/latest/self/stack': 'again', '/latest/self/service': 'kept', '/latest/services/front/name': 'kept' },
  );
  await check(
    t,
    { put: [host({ agentIp: '192.0.2.99' })] },
    {
      '/2015-12-19/self/container/ports': 'again',
      '/latest/self/container/ports': 'kept',
      '/latest/self/host': 'again',
    },
  );
});

t.test('whatever changes, what is kept is what would be made', async (t) => {
  const { world, ask, change, fresh } = setup();
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (seed >>> 8) % below;
  };
  const targets = [
    '',
    '/self',
    '/containers',
    '/containers/c5',
    '/containers/3/name',
    '/services/s2',
    '/stacks',
    '/stacks/web',
  ]
    .concat([
      '/services/s1/containers/0/name',
      '/hosts',
      '/version',
      '/self/stack/services',
      '/networks',
      '/containers/c7/service_uuid',
    ])
    .flatMap((path) => ['/latest', '/2015-12-19', '/2015-07-25'].map((version) => version + path));
  for (let round = 0; round < 300; round += 1) {
    const n = 5 + random(4);
    const serviceId = `s${random(3)}`;
    const put: SnapshotObject[] = [
      container(n, { name: `c${5 + random(6)}`, serviceId, startCount: random(3), ips: [`10.42.1.${20 + random(4)}`] }),
    ];
    if (random(3) === 0)
      put.push(service({ id: serviceId, uuid: `u${random(2)}`, name: `s${random(3)}`, containerIds: [idOf(n)] }));
    if (random(9) === 0) put.push(host({ agentIp: `192.0.2.${random(3)}` }));
    change(
      put,
      random(4) === 0 ? [`container/${idOf(5 + ((n + 1) % 4))}`, `service/s${(Number(serviceId[1]) + 1) % 3}`] : [],
    );
    for (let asks = 0; asks < 6; asks += 1) {
      const target = targets[random(targets.length)]!;
      const accept = random(2) === 0 ? 'application/json' : 'text/plain';
      const self = [undefined, webFront, world.snapshot.get('container', idOf(6))][random(3)];
      t.equal(
        (await ask(target, accept, self)).body.toString(),
        fresh(target, accept, self),
        `round ${round}: ${target}`,
      );
    }
  }
});

t.test('a long answer comes in slices, of one state, once for all who ask', async (t) => {
  const { ask, change, fresh, made } = setup(0);
  const crowd = Array.from({ length: 400 }, (_, n) =>
    container(100 + n, { name: `n${n}`, stackId: 'st-1', serviceId: 'sv-2' }),
  );
  change([...crowd, service({ id: 'sv-2', name: 'db', containerIds: crowd.map(({ id }) => id) })]);
  for (const [target, accept] of [
    ['/latest', 'application/json'],
    ['/latest/stacks', 'application/json'],
    ['/latest/containers', 'text/plain'],
    ['/2015-12-19/services/db', 'application/x-yaml'],
  ] as const) {
    const before = fresh(target, accept);
    const count = made();
    const asked = [ask(target, accept), ask(target, accept)];
    t.equal(made(), count + 1, `${target} is made once`);
    change([{ ...crowd[200]!, name: `later-${target}` }], ['service/sv-1', `container/${solo.id}`]);
    t.same(
      new Set((await Promise.all(asked)).map(({ body }) => body.toString())),
      new Set([before]),
      `${target} of one state`,
    );
    const after = await ask(target, accept);
    t.equal(made(), count + 2, `${target} is outdated`);
    t.equal(after.body.toString(), fresh(target, accept));
    change(worldObjects.filter(({ id }) => id !== 'sv-2'));
  }
});

t.test('what is kept is bounded', async (t) => {
  const { ask, cache } = setup();
  for (let n = 0; n < 5_000; n += 1) await ask(`/latest/name?${n}`);
  t.ok(cache.size <= 4_096, `${cache.size}`);
  await ask(`/latest/name?${'x'.repeat(5_000)}`);
  t.equal(cache.get(`undefined application/json /latest/name?${'x'.repeat(5_000)}`), undefined);
});
