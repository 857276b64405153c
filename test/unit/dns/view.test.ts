// Who sees what: the order of the places that may know a name, and of the suffixes.
import t from 'tap';
import { answer } from '../../../daemons/dns/answer.ts';
import { NameIndex } from '../../../daemons/dns/name-index.ts';
import { parseAnswers } from '../../../daemons/dns/parse-answers.ts';
import { makeQuery } from '../../../daemons/dns/query.ts';
import { search, seenAs, type View, viewOf } from '../../../daemons/dns/view.ts';
import { Views } from '../../../daemons/dns/views.ts';
import { renderIp } from '../../../daemons/shared/model/ip.ts';
import { type Ipv4, parseIpv4 } from '../../../daemons/shared/model/ipv4.ts';
import { Snapshot } from '../../../daemons/shared/model/snapshot.ts';
import { container, hostId, service } from './support/objects.ts';

const ip = (text: string): Ipv4 => parseIpv4(text)!;
const client = ip('10.42.1.5');
const zone = 'rancher.internal';

const file = {
  default: {
    search: ['last.example'],
    a: {
      'name.rancher.internal.': { answer: ['192.0.2.3'], ttl: 3 },
      'linked.rancher.internal.': { answer: ['192.0.2.30'] },
      'short.s.rancher.internal.': { answer: ['192.0.2.31'] },
      'far.last.example.': { answer: ['192.0.2.32'] },
    },
    cname: { 'ring1.x.': { answer: 'ring2.x.' }, 'ring2.x.': { answer: 'ring1.x.' } },
    txt: { 'known.rancher.internal.': { answer: ['note'] }, 'name.rancher.internal.': { answer: ['common'] } },
  },
  '10.42.1.5': {
    search: ['own.example'],
    a: {
      'name.rancher.internal.': { answer: ['192.0.2.1'] },
      'both.rancher.internal.': { answer: ['192.0.2.2'] },
      'short.rancher.internal.': { answer: ['192.0.2.4'] },
      'near.own.example.': { answer: ['192.0.2.5'] },
    },
    recurse: ['192.0.2.53', '127.0.0.1', '169.254.169.250'],
  },
};

function makeIndex(): NameIndex {
  const index = new NameIndex({ zone, serviceAddress: ip('169.254.169.250') });
  index.useAnswers(parseAnswers(file).answers);
  const put = [
    container('c', { ips: ['10.42.1.5'], dnsSearch: ['given.example'], dns: ['192.0.2.99'] }),
    container('d', { ips: ['10.42.1.6'], dns: ['192.0.2.99', '127.0.0.53', '169.254.169.250'] }),
    ...['name', 'known', 'plain', 'both', 'linked'].map((name, at) => container(name, { ips: [`10.42.9.${at}`] })),
    service('s/web', { containerIds: ['c'], links: { 's/db': 'linked', 's/db2': 'both', 's/gone': 'plain' } }),
    service('s/db', { vip: '10.42.8.1' }),
    service('s/db2', { vip: '10.42.8.2' }),
  ];
  index.update(Snapshot.empty(hostId).apply({ put, drop: [] }, { revision: 1, complete: true }), { put, drop: [] });
  return index;
}

const index = makeIndex();
const mine = viewOf(index, client);
const others = viewOf(index, ip('10.42.1.200'));

function shown(view: View, name: string): string {
  const { addresses = [], texts } = seenAs(index, view, `${name}.${zone}`) ?? {};
  return [...addresses.map(renderIp), ...(texts?.value ?? [])].join(' ');
}

t.test('the client, its links, the common part, metadata', async (t) => {
  const cases: [string, string, string][] = [
    ['name', '192.0.2.1 common', '192.0.2.3 common'],
    ['both', '192.0.2.2', '10.42.9.3'],
    ['linked', '10.42.8.1', '192.0.2.30'],
    ['plain', '10.42.9.2', '10.42.9.2'],
    ['known', '10.42.9.1 note', '10.42.9.1 note'],
    ['none', '', ''],
  ];
  for (const [name, forMine, forOthers] of cases) {
    t.equal(shown(mine, name), forMine, `${name}, as the client sees it`);
    t.equal(shown(others, name), forOthers, `${name}, as others do`);
  }
  t.equal(seenAs(index, others, `name.${zone}`)?.addressTtl, 3);
  t.equal(seenAs(index, mine, `name.${zone}`)?.addressTtl, undefined, 'not that of another place');
});

t.test('suffixes: the order, and what is the own goes first', async (t) => {
  t.same(mine.suffixes, ['own.example', `s.${zone}`, `web.s.${zone}`, zone, 'given.example', 'last.example']);
  t.same(others.suffixes, ['last.example', zone]);
  const found = (view: View, name: string) => search(index, view, name)?.name;
  t.equal(found(mine, 'short'), `short.${zone}`, 'though an earlier suffix leads to what all see');
  t.equal(found(others, 'short'), undefined);
  t.equal(found(others, 'short.s'), `short.s.${zone}`);
  t.equal(found(mine, 'near'), 'near.own.example');
  t.equal(found(others, 'near'), undefined);
  t.equal(found(others, 'far'), 'far.last.example');
  t.equal(found(mine, `none.${zone}`), undefined, 'a name of the zone is whole');
});

t.test('upstreams of a client: the file, else the container, never loopback or ourselves', async (t) => {
  t.same(
    mine.upstreams.map(({ host }) => host),
    ['192.0.2.53'],
  );
  t.same(
    viewOf(index, ip('10.42.1.6')).upstreams.map(({ host }) => host),
    ['192.0.2.99'],
  );
  t.same(others.upstreams, []);
});

t.test('strangers share one view, which follows the file', async (t) => {
  const views = new Views(index);
  t.equal(views.of(ip('203.0.113.1')), views.of(ip('203.0.113.2')));
  t.not(views.of(client), views.of(ip('203.0.113.1')));
  t.equal(views.of(client), views.of(client));
  const before = views.of(ip('203.0.113.1'));
  views.clear();
  t.not(views.of(ip('203.0.113.1')), before);
});

t.test('links that name their environment: ours is followed, by the bare alias too', async (t) => {
  const own = new NameIndex({ zone, serviceAddress: ip('169.254.169.250') });
  const links = {
    'Default/s/db': 'Main',
    'region-a/default/s/db': 'far.example',
    'elsewhere/s/db': 'no1',
    'a/b/default/s/db': 'no2',
    's/db': 'plain',
  };
  const put = [
    container('c', { ips: ['10.42.1.5'] }),
    service('s/web', { containerIds: ['c'], links }),
    service('s/db', { vip: '10.42.8.1' }),
    service('s/also', { serviceKind: 'dnsService', links: { 'default/s/db': '' } }),
  ];
  const feed = (change: Parameters<NameIndex['update']>[1], before = Snapshot.empty(hostId)): Snapshot => {
    const next = before.apply(change, { revision: before.revision + 1, complete: true });
    own.update(next, change);
    return next;
  };
  const first = feed({ put, drop: [] });
  t.same([...viewOf(own, client).links.keys()], [`plain.${zone}`, `plain.s.${zone}`], 'its name is not known yet');
  t.same(own.lookup(`also.s.${zone}`)?.addresses, []);
  feed({ put: [{ kind: 'environment', id: 'e', name: 'default' }], drop: [] }, first);
  t.same(
    [...viewOf(own, client).links.keys()],
    [`main.${zone}`, 'main', `far.example.${zone}`, 'far.example', `plain.${zone}`, `plain.s.${zone}`],
  );
  t.same(own.lookup(`also.s.${zone}`)?.addresses.map(renderIp), ['10.42.8.1']);
  const settings = { ttl: 1, subnets: [], shuffle: <T>(list: T[]): T[] => list };
  t.match(answer(makeQuery('far.example', 1)!, viewOf(own, client), own, settings), {
    do: 'reply',
    reply: { answers: [{ owner: 'far.example', data: { address: ip('10.42.8.1') } }] },
  });
  t.match(answer(makeQuery('far.example', 1)!, others, own, settings), { do: 'forward' });
});

t.test('aliases that lead back to themselves are told of, with all members', async (t) => {
  const told: string[][] = [];
  const onLoop = (members: readonly string[]): void => void told.push([...members]);
  const settings = { ttl: 1, subnets: [], shuffle: <T>(list: T[]): T[] => list, onLoop };
  answer(makeQuery('ring2.x', 1)!, others, index, settings);
  answer(makeQuery('ring2.x', 5)!, others, index, settings);
  t.same(told, [['ring2.x', 'ring1.x']], 'and not when the alias itself is asked for');
});
