import t from 'tap';
import type { Cut } from '../../../daemons/dns/derive-names.ts';
import { NameIndex } from '../../../daemons/dns/name-index.ts';
import { viewOf } from '../../../daemons/dns/view.ts';
import { Views } from '../../../daemons/dns/views.ts';
import { parseIp, renderIp } from '../../../daemons/shared/model/ip.ts';
import { type Ipv4, parseIpv4 } from '../../../daemons/shared/model/ipv4.ts';
import { type Key, keyOf, type SnapshotObject } from '../../../daemons/shared/model/objects.ts';
import { Snapshot } from '../../../daemons/shared/model/snapshot.ts';
import { container, host, hostId, otherHost, service } from './support/objects.ts';

const ip = (text: string): Ipv4 => parseIpv4(text)!;
const zone = 'rancher.internal';

/** An index with the snapshot that feeds it. */
class Feed {
  readonly index: NameIndex;
  snapshot = Snapshot.empty(hostId);
  constructor(onCut?: (cut: Cut) => void) {
    this.index = new NameIndex({ zone, serviceAddress: ip('169.254.169.250'), ...(onCut ? { onCut } : {}) });
  }
  step(put: readonly SnapshotObject[], drop: readonly Key[] = []): string[] {
    const change = { put, drop };
    this.snapshot = this.snapshot.apply(change, { revision: this.snapshot.revision + 1, complete: true });
    return [...this.index.update(this.snapshot, change)].sort();
  }
  show(name: string): string | undefined {
    const entry = this.index.lookup(`${name}.${zone}`);
    return entry && [...entry.addresses.map(renderIp), entry.alias].filter((part) => part).join(' ');
  }
}

t.test('a change touches exactly the names made from what changed', async (t) => {
  const feed = new Feed();
  feed.step([
    container('a', { ips: ['10.42.0.1'] }),
    container('side', { networkFrom: 'a' }),
    container('b', { ips: ['10.42.0.2'] }),
    service('s/web', { containerIds: ['a'] }),
    service('s/web/log', { containerIds: ['side'] }),
    service('s/db', { containerIds: ['b'] }),
    service('s/alias', { serviceKind: 'dnsService', links: { 's/web': '', 's/later': '' } }),
  ]);
  const names = ['a', 'side', 'b', 'web.s', 'log.web.s', 'db.s', 'alias.s'];
  t.same(
    names.map((name) => feed.show(name)),
    ['10.42.0.1', '10.42.0.1', '10.42.0.2', '10.42.0.1', '10.42.0.1', '10.42.0.2', '10.42.0.1'],
  );
  t.same(
    feed.step([container('a', { ips: ['10.42.0.9'] })]),
    ['a', 'alias.s', 'log.web.s', 'side', 'web.s'].map((name) => `${name}.${zone}`),
  );
  t.same(
    names.map((name) => feed.show(name)),
    ['10.42.0.9', '10.42.0.9', '10.42.0.2', '10.42.0.9', '10.42.0.9', '10.42.0.2', '10.42.0.9'],
  );
  t.same(feed.step([service('s/later', { containerIds: ['b'] })]), [`alias.s.${zone}`, `later.s.${zone}`]);
  t.equal(feed.show('alias.s'), '10.42.0.9 10.42.0.2');
  t.same(feed.step([], ['service/s/web']), [`alias.s.${zone}`, `web.s.${zone}`]);
  t.equal(feed.show('alias.s'), '10.42.0.2');
  t.equal(feed.show('web.s'), undefined);
  t.ok(feed.index.exists(`web.s.${zone}`), 'its sidekick is still below it');
  feed.step([], ['service/s/web/log', 'service/s/later', 'service/s/db', 'service/s/alias']);
  t.notOk(feed.index.exists(`s.${zone}`));
});

t.test('however the changes come, the names are the same', async (t) => {
  const final = [
    container('a', { ips: ['10.42.0.1'] }),
    container('b', { ips: ['10.42.0.2'], hostId: otherHost }),
    container('twin1', { name: 'twin', ips: ['10.42.0.3'], createdAt: 5 }),
    container('twin2', { name: 'twin', ips: ['10.42.0.4'], createdAt: 6 }),
    service('s/web', { containerIds: ['a', 'b'], links: { 's/db': 'data' } }),
    service('s/db', { containerIds: ['b'] }),
    service('s/both', { serviceKind: 'dnsService', links: { 's/web': '', 's/db': '' } }),
  ];
  const stale = [
    container('a', { ips: ['10.42.0.77'], name: 'old' }),
    container('gone', { ips: ['10.42.0.1'] }),
    service('s/gone', { containerIds: ['a'] }),
  ];
  const ways: [string, (feed: Feed) => void][] = [
    ['at once', (feed) => feed.step(final)],
    ['reversed', (feed) => feed.step([...final].reverse())],
    ['one by one', (feed) => final.forEach((object) => void feed.step([object]))],
    ['twice', (feed) => [feed.step(final), feed.step(final)]],
    [
      'over stale ones',
      (feed) => [feed.step(stale), feed.step(final), feed.step([], ['container/gone', 'service/s/gone'])],
    ],
    ['removed and again', (feed) => [feed.step(final), feed.step([], final.map(keyOf)), feed.step(final)]],
  ];
  for (const [how, go] of ways) {
    const feed = new Feed();
    for (const name of ['web.s', 'both.s', 'old']) feed.show(name);
    go(feed);
    for (const name of ['web.s', 'both.s']) feed.show(name);
    t.same(
      ['a', 'b', 'twin', 'web.s', 'db.s', 'both.s', 'old', 'gone', 'gone.s'].map((name) => feed.show(name)),
      [
        '10.42.0.1',
        '10.42.0.2',
        '10.42.0.4',
        '10.42.0.1 10.42.0.2',
        '10.42.0.2',
        '10.42.0.1 10.42.0.2',
        undefined,
        undefined,
        undefined,
      ],
      how,
    );
    t.equal(feed.index.size, 6, how);
    t.equal(feed.index.nameAt(ip('10.42.0.1')), `a.${zone}`, how);
    t.same(
      [...viewOf(feed.index, ip('10.42.0.1')).links],
      [
        [`data.${zone}`, `db.s.${zone}`],
        [`data.s.${zone}`, `db.s.${zone}`],
      ],
      how,
    );
  }
});

t.test('cycles and long chains of links end, and are told', async (t) => {
  const cut: string[] = [];
  const feed = new Feed(({ why, members }) => {
    cut.push(`${why} ${members.map((name) => name.replace(`.s.${zone}`, '')).join(' ')}`);
  });
  const chain = Array.from({ length: 1000 }, (_, at) =>
    service(`s/c${at}`, { serviceKind: 'dnsService', links: { [`s/c${at + 1}`]: '' } }),
  );
  feed.step([
    service('s/x', { serviceKind: 'dnsService', links: { 's/y': '', 's/ext': '' } }),
    service('s/y', { serviceKind: 'dnsService', links: { 's/x': '' } }),
    service('s/ext', { serviceKind: 'externalService', externalIps: ['203.0.113.1'] }),
    ...chain,
  ]);
  t.equal(feed.show('x.s'), '203.0.113.1');
  t.equal(feed.show('y.s'), '203.0.113.1');
  t.equal(feed.show('c0.s'), '');
  t.same(cut, ['cycle x y', 'cycle y x', `depth ${Array.from({ length: 18 }, (_, at) => `c${at}`).join(' ')}`]);
  cut.length = 0;
  feed.step([
    service('s/top', { serviceKind: 'dnsService', links: { 's/left': '', 's/right': '' } }),
    service('s/left', { serviceKind: 'dnsService', links: { 's/ext': '' } }),
    service('s/right', { serviceKind: 'dnsService', links: { 's/ext': '' } }),
  ]);
  t.equal(feed.show('top.s'), '203.0.113.1');
  t.same(cut, [], 'two ways to one service are no cycle');
  feed.step([service('s/c1000', { vip: '10.42.0.77' }), service('s/c999', { serviceKind: 'dnsService', links: {} })]);
  feed.step([
    service('s/two-ways', { serviceKind: 'dnsService', links: { 's/c984': '', 's/c998': '' } }),
    service('s/c999', { serviceKind: 'dnsService', links: { 's/c1000': '' } }),
  ]);
  t.equal(feed.show('two-ways.s'), '10.42.0.77', 'what is too far on one way is near on the other');
});

t.test('a name on two hosts: the running one, then the local one, then the newest', async (t) => {
  const feed = new Feed();
  const far = container('far', { name: 'n', ips: ['10.42.2.1'], hostId: otherHost, createdAt: 9 });
  const near = container('near', { name: 'n', ips: ['10.42.1.1'] });
  feed.step([far, near]);
  t.equal(feed.show('n'), '10.42.1.1');
  feed.step([{ ...near, state: 'stopped' }]);
  t.equal(feed.show('n'), '10.42.2.1');
  feed.step([{ ...far, state: 'stopped' }]);
  t.equal(feed.show('n'), '10.42.1.1');
});

t.test('names that could not stand in a zone are skipped', async (t) => {
  const feed = new Feed();
  const hostile = [
    'a b',
    'x;y',
    'ümlaut',
    '..',
    '.a',
    'a.',
    `${'l'.repeat(64)}`,
    'new\nline',
    '$(id)',
    '*',
    `${'a.'.repeat(120)}a`,
  ];
  feed.step(hostile.map((name, at) => container(`h${at}`, { name, ips: ['10.42.0.1'] })));
  t.equal(feed.index.size, 0);
  t.equal(feed.index.nameAt(ip('10.42.0.1')), undefined);
});

t.test('services of Kubernetes, and their containers below them', async (t) => {
  const feed = new Feed();
  feed.step([
    container('K1', { ips: ['fd00::1', '10.42.0.1'] }),
    container('k2', { ips: ['10.42.0.2'] }),
    service('kns/kube', { serviceKind: 'KubernetesService', vip: '10.43.0.1', containerIds: ['K1'] }),
    service('kns/web', { containerIds: ['k2'] }),
  ]);
  const shown = (name: string) => feed.index.lookup(`${name}.kns.svc.cluster.local`)?.addresses.map(renderIp);
  t.same(shown('kube'), ['10.43.0.1']);
  t.same(shown('k1.kube'), ['fd00::1', '10.42.0.1']);
  for (const name of ['k2.kube', 'k1.web', 'web', 'a.k1.kube']) t.equal(shown(name), undefined, name);
  t.equal(feed.show('kube.kns'), '10.43.0.1');
  t.same(feed.step([container('K1', { ips: ['10.42.0.9'] })]), ['k1.kube.kns.svc.cluster.local', `k1.${zone}`]);
  t.same(shown('k1.kube'), ['10.42.0.9']);
  feed.step([], ['service/kns/kube']);
  t.equal(shown('kube'), undefined);
  t.equal(shown('k1.kube'), undefined);
});

t.test('both families of a container, of a service, and the way back', async (t) => {
  const feed = new Feed();
  feed.step([
    container('a', { ips: ['10.42.0.1', 'fd00:42::1', '10.42.0.2', 'fd00:42::2'] }),
    container('side', { networkFrom: 'a' }),
    container('six', { ips: ['fd00:42::6'] }),
    container('sick', { ips: ['fd00:42::7'], health: 'unhealthy' }),
    service('s/web', { containerIds: ['a', 'six', 'sick'] }),
    service('s/out', { serviceKind: 'externalService', externalIps: ['192.0.2.1', '2001:db8::1'] }),
  ]);
  t.equal(feed.show('a'), '10.42.0.1 fd00:42::1', 'the first of each');
  t.equal(feed.show('side'), '10.42.0.1 fd00:42::1');
  t.equal(feed.show('web.s'), '10.42.0.1 fd00:42::1 fd00:42::6');
  t.equal(feed.show('out.s'), '192.0.2.1 2001:db8::1');
  t.equal(feed.index.nameAt(parseIp('fd00:42::2')!), `a.${zone}`);
  feed.step([container('a', { ips: ['10.42.0.1'] })]);
  t.equal(feed.index.nameAt(parseIp('fd00:42::2')!), undefined);
});

const there = host(otherHost);
const away = host(otherHost, { alive: false });

t.test('names of a host that is gone leave at once, and come back with it', async (t) => {
  const feed = new Feed();
  feed.step([
    there,
    container('far', { ips: ['10.42.2.1'], hostId: otherHost, health: 'healthy' }),
    container('twin-far', { name: 'twin', ips: ['10.42.2.2'], hostId: otherHost, createdAt: 9 }),
    container('twin-near', { name: 'twin', ips: ['10.42.1.2'] }),
    container('near', { ips: ['10.42.1.1'] }),
    service('s/both', { containerIds: ['far', 'near'] }),
    service('s/far', { containerIds: ['far', 'twin-far'] }),
    service('s/near', { containerIds: ['near'] }),
    service('s/kube', { serviceKind: 'kubernetesService', containerIds: ['far'] }),
  ]);
  const names = ['far', 'twin', 'near', 'both.s', 'far.s', 'near.s'];
  const shown = () => names.map((name) => feed.show(name));
  const whole = ['10.42.2.1', '10.42.1.2', '10.42.1.1', '10.42.2.1 10.42.1.1', '10.42.2.1 10.42.2.2', '10.42.1.1'];
  const pod = () => feed.index.lookup('far.kube.s.svc.cluster.local')?.addresses.map(renderIp);
  t.same(shown(), whole);
  t.same(pod(), ['10.42.2.1']);
  const touched = ['both.s', 'far', 'far.s', 'twin'].map((name) => `${name}.${zone}`);
  t.match(new Set(feed.step([away])), new Set(touched));
  t.same(shown(), [undefined, '10.42.1.2', '10.42.1.1', '10.42.1.1', '10.42.2.2', '10.42.1.1']);
  t.same(pod(), undefined);
  t.equal(feed.index.nameAt(ip('10.42.2.1')), undefined);
  t.notOk(feed.step([away, container('near', { ips: ['10.42.1.1'] })]).includes(`far.${zone}`), 'no change of its own');
  feed.step([container('far', { ips: ['10.42.2.9'], hostId: otherHost })]);
  t.equal(feed.show('far'), undefined, 'a late record of it changes nothing');
  feed.step([there, container('far', { ips: ['10.42.2.1'], hostId: otherHost, health: 'healthy' })]);
  t.same(shown(), whole);
  t.equal(feed.index.nameAt(ip('10.42.2.1')), `far.${zone}`);
  feed.step([away]);
  feed.step([], ['container/far', 'container/twin-far', `host/${otherHost}`]);
  t.equal(feed.show('far'), undefined);
});

t.test('of our own host the store knows less than we do', async (t) => {
  const feed = new Feed();
  feed.step([host(hostId, { alive: false }), container('near', { ips: ['10.42.1.1'] })]);
  t.equal(feed.show('near'), '10.42.1.1');
});

t.test('another host id starts anew; views follow the data', async (t) => {
  const feed = new Feed();
  feed.step([container('a', { ips: ['10.42.0.1'], stackName: 's', serviceName: 'web' })]);
  const views = new Views(feed.index);
  t.same(views.of(ip('10.42.0.1')).suffixes, [`s.${zone}`, `web.s.${zone}`, zone]);
  t.same(views.of(ip('10.42.0.2')).suffixes, [zone]);
  const change = { put: [container('b', { ips: ['10.42.0.2'], hostId: otherHost })], drop: [] };
  feed.index.update(Snapshot.empty(otherHost).apply(change, { revision: 1, complete: true }), change);
  views.clear();
  t.equal(feed.show('a'), undefined);
  t.equal(feed.show('b'), '10.42.0.2');
  t.same(views.of(ip('10.42.0.1')).suffixes, [zone]);
});
