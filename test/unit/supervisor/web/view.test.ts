import t from 'tap';
import type { ServiceObject } from '../../../../daemons/shared/model/objects.ts';
import type { SuiteEvent } from '../../../../daemons/supervisor/events/event.ts';
import { viewOf } from '../../../../daemons/supervisor/web/view.ts';
import { bareService } from '../../../fixtures/bare-objects.ts';
import { block, container, hostId, network, otherHostId } from '../../support/snapshots.ts';
import { daemon, etcd, factsWith, here, host, noon, peer, suite, there } from './support.ts';

const world = [
  here,
  there,
  network('corral', '10.42.0.0/16', { isDefault: true }),
  block('corral', '10.42.0.0/24'),
  block('corral', '10.42.1.0/24', otherHostId),
  container('web-1', '10.42.0.2', ['0.0.0.0:8080:80/tcp'], { stackName: 'shop', serviceName: 'web' }),
  container('web-2', '10.42.1.2', [], { hostId: otherHostId, health: 'unhealthy' }),
  container('old', '10.42.0.3', ['0.0.0.0:81:80/tcp'], { state: 'stopped' }),
];

t.test('what is well is told, what is not comes first', async (t) => {
  const view = viewOf(factsWith(world));
  t.match(view.suite, { host: 'h1', state: 'ready', store: { kind: 'etcd', state: 'joined' } });
  t.same(view.suite.counts, {
    hosts: 2,
    hostsWell: 2,
    containers: 3,
    containersWell: 1,
    services: 0,
    tunnels: 1,
    tunnelsUp: 1,
  });
  t.same(
    view.containers.shown.map(({ name, level, state }) => [name, level, state]),
    [
      ['web-2', 'unwell', 'running, unhealthy'],
      ['web-1', 'well', 'running'],
      ['old', 'stopped', 'stopped'],
    ],
  );
  t.match(view.hosts.shown, [
    {
      name: 'h1',
      isSelf: true,
      state: 'well',
      rttMs: null,
      blocks: ['10.42.0.0/24'],
      running: 1,
      unwell: 0,
      stopped: 1,
    },
    { name: 'h2', isSelf: false, state: 'well', rttMs: 0.5, running: 0, unwell: 1, stopped: 0 },
  ]);
  t.same(
    view.ports.shown,
    [{ host: 'h1', at: '0.0.0.0:8080', protocol: 'tcp', container: 'web-1', containerPort: 80 }],
    'a stopped container publishes nothing',
  );
  t.match(view.networks.shown, [{ name: 'corral', blocks: 2, containers: 3, isDefault: true, isFlat: false }]);
  t.match(view.daemons, [{ name: 'dns', isReady: true, memory: 30_000_000, cpu: 0.4, startedAt: noon - 60_000 }]);
  t.same(view.troubles.shown, []);
});

t.test('a host that does not answer', async (t) => {
  const third = host('h3', 'id-3');
  const down = peer('h2', otherHostId, { state: 'down', rttMs: null });
  const facts = factsWith([...world, third], { peers: [down, peer('h3', 'id-3')] });

  await t.test('by its tunnel', async (t) => {
    const view = viewOf(facts);
    t.equal(view.troubles.total, 1);
    t.match(view.troubles.shown[0], {
      level: 'bad',
      title: 'h2 does not answer',
      since: noon - 90_000,
      code: 'PEER_LOST',
    });
    t.match(view.troubles.shown[0]?.lines, [
      /no answer through corral \(vxlan to 192\.0\.2\.9\)/,
      /1 container is out/,
    ]);
    t.match(view.hosts.shown[0], { name: 'h2', state: 'lost', since: noon - 90_000 });
    t.match(view.containers.shown[0], { name: 'web-2', state: 'out of reach', level: 'unwell' });
    t.match(view.tunnels.shown[0], { host: 'h2', state: 'down' });
  });

  await t.test('by its lease, too: the first sign counts', async (t) => {
    const gone = { ...there, alive: false };
    const list = { clusterId: 'c', store: 'etcd', connected: true } as const;
    const detail = { ...gone, self: false, declared: false, goneMs: 120_000, blocks: [], containers: 1 };
    const view = viewOf(
      factsWith([...world.filter((one) => one !== there), gone, third], {
        peers: facts.peers,
        hosts: { ...list, hosts: [detail] },
      }),
    );
    t.match(view.hosts.shown[0], { name: 'h2', state: 'gone', since: noon - 120_000 });
    t.match(view.troubles.shown[0]?.lines.join(), 'keeps no lease');
  });

  await t.test('in some of its networks', async (t) => {
    const view = viewOf({ ...facts, peers: [down, peer('h2', otherHostId, { network: 'second' })] });
    t.match(view.troubles.shown, [{ level: 'warn', title: 'h2 answers in 1 of 2 networks' }]);
    t.match(view.hosts.shown[0], { name: 'h2', state: 'part' });
    t.equal(view.containers.shown[0]?.state, 'running, unhealthy', 'its containers are not out of reach');
  });
});

t.test('a tunnel that keeps secret what it carries', async (t) => {
  const tunnel = { state: 'established', lastRekeyMs: 30_000, rxBytes: 1, txBytes: 2 } as const;
  const secret = peer('h2', otherHostId, { driver: 'wireguard', tunnel });
  const view = viewOf(factsWith(world, { peers: [secret, peer('h2', otherHostId, { network: 'open' })] }));
  t.match(view.tunnels.shown, [
    { driver: 'wireguard', session: { state: 'established', rekeyedAt: noon - 30_000 } },
    { driver: 'vxlan', session: null },
  ]);
});

t.test('all others lost: rather this host is', async (t) => {
  const down = [peer('h2', otherHostId, { state: 'down' }), peer('h3', 'id-3', { state: 'down' })];
  const view = viewOf(factsWith([...world, host('h3', 'id-3')], { peers: down, store: { ...etcd, state: 'cut-off' } }));
  t.match(view.troubles.shown[0], {
    level: 'bad',
    title: 'h1 is cut off',
    lines: ['none of the 2 other hosts answers, and the store is not reached'],
    since: noon - 90_000,
  });
  t.notMatch(view.troubles.shown.map(({ title }) => title).join(), 'h2', 'and not each of the others');

  const dead = world.map((one) => (one === there ? { ...there, alive: false } : one));
  const third = host('h3', 'id-3', { alive: false });
  t.match(
    viewOf(factsWith([...dead, third], { peers: down })).troubles.shown.map(({ title }) => title),
    ['h2 does not answer', 'h3 does not answer'],
    'the store is reached, and they have left it: they are lost',
  );

  const one = viewOf(factsWith(world, { peers: [peer('h2', otherHostId, { state: 'down' })] }));
  t.match(one.troubles.shown[0], { title: 'h2 does not answer' }, 'of two, it may be either');
});

t.test('the store, metadata, and daemons', async (t) => {
  t.match(viewOf(factsWith(world, { store: { ...etcd, state: 'cut-off', waiting: 3 } })).troubles.shown, [
    { title: 'The store is not reached', code: 'STORE_UNAVAILABLE', lines: [/etcd at http/, /3 changes/] },
  ]);
  t.match(viewOf(factsWith(world, { isFresh: false, store: null })).troubles.shown, [{ title: 'metadata is away' }]);
  const condition = { name: 'c', ok: false, degradesOnly: true, text: 'so it is', hint: 'do this' } as const;
  const unwell = (ready: boolean, code: 'PORT_TAKEN' | 'PEER_LOST'): unknown =>
    viewOf(
      factsWith(world, {
        suite: {
          ...suite,
          daemons: [{ ...daemon, ready, state: ready ? 'degraded' : 'backoff', conditions: [{ ...condition, code }] }],
        },
      }),
    ).troubles.shown;
  t.match(unwell(true, 'PORT_TAKEN'), [
    { level: 'warn', title: 'dns is degraded', lines: ['so it is'], hint: 'do this' },
  ]);
  t.match(unwell(false, 'PORT_TAKEN'), [{ level: 'bad', title: 'dns is not ready (backoff)' }]);
  t.same(unwell(true, 'PEER_LOST'), [], 'the lost host is named above');
});

t.test('services count their containers that are well', async (t) => {
  const [a, b] = [container('a', '10.42.0.2', []), container('b', '10.42.1.2', [], { hostId: otherHostId })];
  const service: ServiceObject = {
    ...bareService,
    id: 's',
    uuid: 's',
    name: 'web',
    stackId: 'k',
    stackName: 'shop',
    primaryServiceName: 'web',
    containerIds: [a.id, b.id],
  };
  const view = viewOf(factsWith([here, { ...there, alive: false }, a, b, service], { peers: [] }));
  t.match(view.services.shown, [
    {
      name: 'shop/web',
      dns: 'web.shop.rancher.internal',
      containers: 2,
      well: 1,
      addresses: ['10.42.0.2', '10.42.1.2'],
    },
  ]);
});

t.test('a filter: all words must occur; what is wrong is told all the same', async (t) => {
  const view = viewOf(factsWith(world), 'WEB 10.42.0');
  t.same(
    view.containers.shown.map(({ name }) => name),
    ['web-1'],
  );
  t.match(view.containers, { matching: 1, total: 3 });
  t.match(view.ports, { matching: 1, total: 1 });
  t.equal(view.suite.counts.containers, 3);
});

t.test('what happened lately, the newest first; a trouble began when it was told', async (t) => {
  const event = (id: number, name: string, more: Partial<SuiteEvent> = {}): SuiteEvent => ({
    id: `e-${id}`,
    time: new Date(noon + id * 1_000).toISOString(),
    kind: 'container',
    action: 'added',
    level: 'info',
    name,
    host: 'h1',
    code: null,
    text: 'running',
    ...more,
  });
  const failing = { kind: 'condition', action: 'failing', level: 'warn', host: null } as const;
  const events = [event(1, 'a'), event(2, 'b'), event(3, 'dns/upstreams', failing), event(4, 'dns/other', failing)];
  const condition = { name: 'upstreams', ok: false, degradesOnly: true, code: null, text: 'x' };
  const degraded = { ...daemon, state: 'degraded', conditions: [condition] } as const;
  const view = viewOf(factsWith(world, { events, suite: { ...suite, daemons: [degraded] } }));
  t.same(
    view.events.shown.map(({ name }) => name),
    ['dns/other', 'dns/upstreams', 'b on h1', 'a on h1'],
  );
  t.equal(view.troubles.shown[0]?.since, noon + 3_000);
});

t.test('nothing is known yet', async (t) => {
  const view = viewOf(factsWith([], { snapshot: undefined, isFresh: false, store: null, peers: null }));
  t.match(view.suite, { host: 'this host', store: null });
  t.same(view.troubles.shown, []);
});

t.test('1,000 hosts with 100 containers each: a bounded view in bounded time', async (t) => {
  const hosts = Array.from({ length: 1_000 }, (_, at) => host(`host-${at}`, at === 0 ? hostId : `id-${at}`));
  const containers = hosts.flatMap(({ id, name }) =>
    Array.from({ length: 100 }, (_, at) =>
      container(`${name}-c${at}`, '10.0.0.1', ['0.0.0.0:80:80/tcp'], { hostId: id }),
    ),
  );
  const peers = hosts.slice(1).map(({ id, name }, at) => peer(name, id, at === 500 ? { state: 'down' } : {}));
  const facts = factsWith([...hosts, ...containers], { peers });
  const view = viewOf(facts);
  t.equal(view.containers.total, 100_000);
  t.equal(view.containers.shown.length, 200);
  t.equal(view.hosts.shown[0]?.name, 'host-501', 'the lost one is shown among the first');
  t.ok(view.containers.shown.slice(0, 100).every(({ host }) => host === 'host-501'));
  const length = JSON.stringify(view).length;
  t.ok(length < 150_000, `${length} bytes`);
  const found = viewOf(facts, 'host-77-c42').containers;
  t.same([found.matching, found.shown[0]?.name], [1, 'host-77-c42'], 'the filter finds those that are not shown');
  const began = performance.now();
  viewOf(facts);
  t.comment(`${Math.round(performance.now() - began)} ms`);
});
