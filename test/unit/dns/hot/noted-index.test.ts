import t from 'tap';
import { answer } from '../../../../daemons/dns/answer.ts';
import { encodeReply } from '../../../../daemons/dns/encode-reply.ts';
import { encodeHot } from '../../../../daemons/dns/hot/encoding.ts';
import { HotCache } from '../../../../daemons/dns/hot/hot-cache.ts';
import { NotedIndex } from '../../../../daemons/dns/hot/noted-index.ts';
import { makeQuery } from '../../../../daemons/dns/query.ts';
import { viewOf } from '../../../../daemons/dns/view.ts';
import { parseCidr4, parseIpv4 } from '../../../../daemons/shared/model/ipv4.ts';
import type { SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import { type Change, Snapshot } from '../../../../daemons/shared/model/snapshot.ts';
import { container, host, hostId, service } from '../support/objects.ts';

const source = parseIpv4('10.42.1.5')!;
const settings = {
  ttl: 1,
  subnets: [parseCidr4('10.42.0.0/16')!],
  shuffle: <T>(list: T[]) => list,
  onLoop: () => undefined,
};

function setUp(objects: readonly SnapshotObject[]) {
  const index = new NotedIndex({ zone: 'z', serviceAddress: parseIpv4('169.254.169.250')! });
  const cache = new HotCache(64 << 20, 1);
  let snapshot = Snapshot.empty(hostId);
  const change = (put: readonly SnapshotObject[], drop: Change['drop'] = []) => {
    snapshot = snapshot.apply({ put, drop }, { revision: snapshot.revision + 1, complete: true });
    return index.take(snapshot, { put, drop });
  };
  change(objects);
  /** Asks and keeps, as the desk does. */
  const ask = (name: string, type = 1): readonly string[] => {
    const query = makeQuery(name, type)!;
    const view = viewOf(index, source);
    const { result, marks } = index.noting(() => answer(query, view, index, settings));
    if (result.do !== 'reply') return marks;
    const bytes = encodeReply(query, result.reply);
    const encoding = encodeHot(bytes, query.question.length + 12)!;
    cache.put(
      { ...encoding, question: query.question, view: 0, variant: 1, shared: true, marks, seconds: Infinity, label: 0 },
      0,
    );
    return marks;
  };
  const evicted = (put: readonly SnapshotObject[], drop: Change['drop'] = []): number =>
    cache.evict(change(put, drop).marks ?? []);
  return { index, cache, ask, change, evicted };
}

const objects = [
  ...Array.from({ length: 100 }, (_, at) => container(`c${at}`, { ips: [`10.42.2.${at + 1}`] })),
  service('web/front', { containerIds: ['c1', 'c2'] }),
  service('web/alias', { serviceKind: 'dnsService', links: { 'web/front': '' } }),
  service('web/ext', { serviceKind: 'externalService', hostname: 'front.web.z' }),
];

t.test('one change evicts exactly what was made from it', async (t) => {
  const { ask, evicted, cache } = setUp(objects);
  for (let at = 0; at < 100; at += 1) {
    ask(`c${at}.z`);
    ask(`c${at}.z`, 28);
  }
  t.equal(cache.size, 200);
  t.equal(evicted([container('c50', { ips: ['10.42.3.1'] })]), 2, 'both types of the one name');
  t.equal(evicted([container('c50', { ips: ['10.42.3.2'] })]), 0, 'it was not asked for since');
  t.equal(evicted([], ['container/c51']), 2);
});

t.test('through services, aliases of services and CNAMEs', async (t) => {
  const { ask, evicted } = setUp(objects);
  for (const name of ['front.web.z', 'alias.web.z', 'ext.web.z', 'c1.z', 'c2.z', 'c3.z', 'web.z']) ask(name);
  t.equal(evicted([container('c1', { ips: ['10.42.3.1'] })]), 4, 'c1, front, alias, ext; not c2, c3, web');
});

t.test('names that come into being, and names above them', async (t) => {
  const { ask, evicted } = setUp(objects);
  for (const name of ['new.z', 'deep.new.z', 'other.z', 'db.new.z', 'web.z']) ask(name);
  t.equal(evicted([service('new/db', {})]), 2, 'the name itself, and new.z, which now exists; deep.new.z does not');
  ask('new.z');
  t.equal(evicted([service('new/db2', {})]), 0, 'new.z existed already');
  t.equal(evicted([], ['service/new/db', 'service/new/db2']), 1, 'new.z exists no longer');
});

t.test('reverse names follow who has the address', async (t) => {
  const { ask, evicted } = setUp(objects);
  for (const last of [1, 2, 200]) ask(`${last}.2.42.10.in-addr.arpa`, 12);
  t.equal(evicted([container('n200', { ips: ['10.42.2.200'] })]), 1);
  t.equal(evicted([container('c0', { ips: ['10.42.2.201'] })]), 1, 'the address that it had');
});

t.test('search: what was looked for in vain under one suffix is part of the reply', async (t) => {
  const { ask, evicted } = setUp([
    ...objects,
    container('me', { ips: ['10.42.1.5'], stackName: 'web', serviceName: 'front' }),
  ]);
  t.ok(ask('c7').includes('c7.web.z'));
  t.equal(evicted([service('web/c7', {})]), 1, 'it is found earlier now');
});

t.test('a host that is gone takes the replies of its containers with it, and no others', async (t) => {
  const far = (name: string, last: number) => container(name, { ips: [`10.42.9.${last}`], hostId: 'elsewhere' });
  const { ask, evicted } = setUp([
    ...objects,
    host('elsewhere'),
    host('third'),
    far('far1', 1),
    far('far2', 2),
    service('s/both', { containerIds: ['far1', 'c1'] }),
    service('s/near', { containerIds: ['c2'] }),
  ]);
  for (const name of ['far1.z', 'both.s.z', 'near.s.z', 'c1.z', '1.9.42.10.in-addr.arpa']) ask(name);
  t.equal(evicted([host('third', { alive: false })]), 0);
  t.equal(evicted([host('elsewhere', { alive: false })]), 3, 'the name, the service, the reverse name');
  for (const name of ['far1.z', 'far2.z', 'both.s.z', '1.9.42.10.in-addr.arpa'])
    ask(name, name.endsWith('arpa') ? 12 : 1);
  t.equal(evicted([host('elsewhere', { alive: false, agentIp: '192.0.2.1' })]), 0);
  t.equal(evicted([host('elsewhere')]), 4);
});

t.test('clients whose view may change are told, and only local ones', async (t) => {
  const { change } = setUp([...objects, container('far', { ips: ['10.42.9.9'], hostId: 'elsewhere' })]);
  const of = (put: readonly SnapshotObject[]) => [...change(put).clients].length;
  t.equal(of([container('c1', { ips: ['10.42.2.2'], dnsSearch: ['x.y'] })]), 1);
  t.equal(of([service('web/front', { containerIds: ['c1', 'c2'], links: { 'web/ext': 'e' } })]), 2);
  t.equal(of([container('far', { ips: ['10.42.9.10'], hostId: 'elsewhere' })]), 0);
});

t.test('the first snapshot, and very many changes, make everything anew', async (t) => {
  const { change } = setUp([]);
  t.ok(change([container('a')]).marks);
  const many = Array.from({ length: 3_000 }, (_, at) => container(`m${at}`, { ips: ['10.42.7.7'] }));
  t.equal(change(many).marks, undefined);
});
