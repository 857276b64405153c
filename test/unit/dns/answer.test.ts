// The rules of the service as a table: what is in the snapshot, who asks what, what comes back.
import t from 'tap';
import { type AnswerSettings, answer, finishChase } from '../../../daemons/dns/answer.ts';
import { rrType } from '../../../daemons/dns/dns-codes.ts';
import { encodeReply } from '../../../daemons/dns/encode-reply.ts';
import { guardQuery } from '../../../daemons/dns/guard.ts';
import { NameIndex } from '../../../daemons/dns/name-index.ts';
import { type Query, readQuery, type Transport } from '../../../daemons/dns/query.ts';
import { addressRecord } from '../../../daemons/dns/records.ts';
import { shuffle } from '../../../daemons/dns/shuffle.ts';
import { viewOf } from '../../../daemons/dns/view.ts';
import { type Ipv4, parseCidr4, parseIpv4 } from '../../../daemons/shared/model/ipv4.ts';
import type { SnapshotObject } from '../../../daemons/shared/model/objects.ts';
import { Snapshot } from '../../../daemons/shared/model/snapshot.ts';
import { container, hostId, otherHost, service } from './support/objects.ts';
import { type QueryWish, queryBytes, shown } from './support/packets.ts';

const ip = (text: string): Ipv4 => parseIpv4(text)!;
const settings: AnswerSettings = { ttl: 1, subnets: [parseCidr4('10.42.0.0/16')!], shuffle: (list) => list };
const soa = 'rancher.internal 1 SOA soa 1';

const objects: SnapshotObject[] = [
  container('front-1', {
    ips: ['10.42.1.5'],
    stackName: 'Web',
    serviceName: 'Front',
    dnsSearch: ['custom.Rancher.internal.'],
  }),
  container('front-2', { ips: ['10.42.2.7'], hostId: otherHost }),
  container('logger-1', { networkFrom: 'front-1' }),
  container('web-db-1', { ips: ['10.42.1.9'] }),
  container('lone', { ips: ['10.42.1.20'] }),
  container('twin-a', { name: 'twin', ips: ['10.42.1.30'] }),
  container('twin-b', { name: 'twin', ips: ['10.42.2.30'], hostId: otherHost, createdAt: 99 }),
  container('www.example.com', { ips: ['10.42.1.40'] }),
  container('bad name', { ips: ['10.42.1.41'] }),
  container('no-address'),
  container('sick-1', { ips: ['10.42.1.51'], health: 'unhealthy' }),
  container('sick-2', { ips: ['10.42.1.52'], health: 'initializing' }),
  container('hc-1', { ips: ['10.42.1.61'], health: 'healthy' }),
  container('hc-2', { ips: ['10.42.1.62'], health: 'healthy', state: 'starting' }),
  container('hc-3', { ips: ['10.42.1.63'], health: 'unhealthy' }),
  container('hc-4', { ips: ['10.42.1.64'] }),
  container('hc-5', { ips: ['10.42.1.65'], health: 'healthy', state: 'stopped' }),
  container('docker', { ips: ['172.17.0.9'], network: null }),
  service('Web/Front', {
    containerIds: ['front-1', 'front-2'],
    links: { 'Web/db': 'MyDB', 'Web/ext': 'web/EXT', 'Web/gone': 'gone', 'Web/extname': 'goto' },
  }),
  service('Web/Front/Logger', { containerIds: ['logger-1'] }),
  service('Web/db', { containerIds: ['web-db-1'] }),
  service('Web/ext', {
    serviceKind: 'externalService',
    externalIps: ['203.0.113.5', '203.0.113.6', '203.0.113.6', 'nonsense'],
  }),
  service('Web/extname', { serviceKind: 'externalService', hostname: 'WWW.up.test.' }),
  service('Web/extboth', { serviceKind: 'externalService', hostname: 'www.up.test', externalIps: ['203.0.113.7'] }),
  service('Web/inner', { serviceKind: 'externalService', hostname: 'db.web.rancher.internal' }),
  service('Web/dangling', { serviceKind: 'externalService', hostname: 'missing.rancher.internal' }),
  service('Web/both', {
    serviceKind: 'externalService',
    hostname: 'missing.rancher.internal',
    externalIps: ['203.0.113.8'],
  }),
  service('Web/loop1', { serviceKind: 'externalService', hostname: 'loop2.web.rancher.internal' }),
  service('Web/loop2', { serviceKind: 'externalService', hostname: 'loop1.web.rancher.internal' }),
  service('Web/alias', {
    serviceKind: 'dnsService',
    links: { 'Web/db': '', 'Web/ext': '', 'Web/alias': '', bad: '', 'Web/none': '' },
  }),
  service('Web/vip', { vip: '169.254.64.8', containerIds: ['lone'] }),
  service('Web/hc', { hasHealthCheck: true, containerIds: ['hc-1', 'hc-2', 'hc-3', 'hc-4', 'hc-5'] }),
  service('Web/allbad', { containerIds: ['sick-1', 'sick-2'] }),
  service('Web/empty', { containerIds: ['no-address', 'gone'] }),
  service('Web/many', {
    serviceKind: 'externalService',
    externalIps: Array.from({ length: 60 }, (_, at) => `203.0.113.${at}`),
  }),
  service('Web/huge', {
    serviceKind: 'externalService',
    externalIps: Array.from({ length: 5000 }, (_, at) => `10.1.${at >> 8}.${at & 255}`),
  }),
];

function indexOf(list: readonly SnapshotObject[]): NameIndex {
  const index = new NameIndex({ zone: 'rancher.internal', serviceAddress: ip('169.254.169.250') });
  const change = { put: list, drop: [] };
  index.update(Snapshot.empty(hostId).apply(change, { revision: 7, complete: true }), change);
  return index;
}
const index = indexOf(objects);

function queryOf(name: string, wish: QueryWish = {}, transport: Transport = 'udp'): Query {
  const bytes = queryBytes(name, wish);
  const shape = guardQuery(bytes);
  if (shape.verdict !== 'sound') throw new Error(`not sound: ${name}`);
  return readQuery(bytes, shape, transport);
}

interface Asking extends QueryWish {
  readonly from?: string;
  readonly transport?: Transport;
  readonly using?: NameIndex;
}

function ask(name: string, asking: Asking = {}): string {
  const query = queryOf(name, asking, asking.transport);
  const known = asking.using ?? index;
  const decision = answer(query, viewOf(known, ip(asking.from ?? '192.0.2.200')), known, settings);
  if (decision.do === 'reply') return shown(encodeReply(query, decision.reply));
  return decision.do === 'chase' ? `chase ${decision.target}` : decision.do;
}

const { AAAA, CNAME, TXT, PTR, SOA, NS, MX, ANY, AXFR, OPT } = rrType;
const x = '10.42.1.5';

t.test('the table', async (t) => {
  const db = (owner: string): string => `NOERROR aa | ${owner} 1 A 10.42.1.9 | `;
  const nodata = `NOERROR aa |  | ${soa}`;
  const nxdomain = `NXDOMAIN aa |  | ${soa}`;
  const cases: [string, Asking, string][] = [
    [
      'front.web.rancher.internal',
      {},
      'NOERROR aa | front.web.rancher.internal 1 A 10.42.1.5, front.web.rancher.internal 1 A 10.42.2.7 | ',
    ],
    ['FRONT.Web.Rancher.Internal', { type: AAAA }, 'NOERROR aa |  | Rancher.Internal 1 SOA soa 1'],
    ['db.WEB.rancher.internal', {}, db('db.WEB.rancher.internal')],
    ['db.web.rancher.internal', { type: AAAA }, nodata],
    ['db.web.rancher.internal', { type: TXT }, nodata],
    ['db.web.rancher.internal', { type: MX }, nodata],
    ['db.web.rancher.internal', { type: 65 }, nodata],
    ['web.rancher.internal', {}, nodata],
    ['rancher.internal', {}, nodata],
    ['rancher.internal', { type: SOA }, 'NOERROR aa | rancher.internal 1 SOA soa 1 | '],
    ['rancher.internal', { type: NS }, 'NOERROR aa | rancher.internal 1 NS rancher-metadata.rancher.internal | '],
    ['nope.web.rancher.internal', {}, nxdomain],
    ['below.db.web.rancher.internal', {}, nxdomain],
    ['nope.rancher.internal', { type: AAAA }, nxdomain],
    ['xrancher.internal', {}, 'forward'],
    ['internal', {}, 'forward'],
    ['www.up.test', {}, 'forward'],
    ['', { type: NS }, 'forward'],
    // short names, by who asks
    ['db', { from: x }, db('db')],
    ['DB', { from: x }, db('DB')],
    ['logger', { from: x }, 'NOERROR aa | logger 1 A 10.42.1.5 | '],
    ['logger.front', { from: x }, 'NOERROR aa | logger.front 1 A 10.42.1.5 | '],
    ['db', {}, 'forward'],
    ['db.web', {}, db('db.web')],
    ['logger.front.web', {}, 'NOERROR aa | logger.front.web 1 A 10.42.1.5 | '],
    ['db', { from: x, type: AAAA }, nodata],
    ['rancher-metadata', {}, 'NOERROR aa | rancher-metadata 1 A 169.254.169.250 | '],
    ['rancher-metadata', { type: AAAA }, nodata],
    // links of the client's service
    ['mydb', { from: x }, db('mydb')],
    ['mydb.rancher.internal', { from: x }, db('mydb.rancher.internal')],
    ['mydb.web.rancher.internal', { from: x }, db('mydb.web.rancher.internal')],
    ['mydb.rancher.internal', {}, nxdomain],
    ['gone.rancher.internal', { from: x }, nxdomain],
    ['goto', { from: x }, 'chase www.up.test'],
    // services of every kind
    ['ext.web', {}, 'NOERROR aa | ext.web 1 A 203.0.113.5, ext.web 1 A 203.0.113.6 | '],
    ['extname.web.rancher.internal', {}, 'chase www.up.test'],
    ['extname.web.rancher.internal', { type: AAAA }, 'chase www.up.test'],
    [
      'extname.web.rancher.internal',
      { type: CNAME },
      'NOERROR aa | extname.web.rancher.internal 1 CNAME www.up.test | ',
    ],
    [
      'inner.web',
      {},
      'NOERROR aa | inner.web 1 CNAME db.web.rancher.internal, db.web.rancher.internal 1 A 10.42.1.9 | ',
    ],
    [
      'dangling.web.rancher.internal',
      {},
      `NXDOMAIN aa | dangling.web.rancher.internal 1 CNAME missing.rancher.internal | ${soa}`,
    ],
    ['both.web.rancher.internal', {}, 'NOERROR aa | both.web.rancher.internal 1 A 203.0.113.8 | '],
    [
      'loop1.web.rancher.internal',
      {},
      `NOERROR aa | loop1.web.rancher.internal 1 CNAME loop2.web.rancher.internal, loop2.web.rancher.internal 1 CNAME loop1.web.rancher.internal | ${soa}`,
    ],
    ['alias.web', {}, 'NOERROR aa | alias.web 1 A 10.42.1.9, alias.web 1 A 203.0.113.5, alias.web 1 A 203.0.113.6 | '],
    ['vip.web', {}, 'NOERROR aa | vip.web 1 A 169.254.64.8 | '],
    ['hc.web', {}, 'NOERROR aa | hc.web 1 A 10.42.1.61, hc.web 1 A 10.42.1.62 | '],
    ['allbad.web', {}, 'NOERROR aa | allbad.web 1 A 10.42.1.52 | '],
    ['empty.web.rancher.internal', {}, nodata],
    // containers
    ['web-db-1', {}, 'NOERROR aa | web-db-1 1 A 10.42.1.9 | '],
    ['sick-1', {}, 'NOERROR aa | sick-1 1 A 10.42.1.51 | '],
    ['twin', {}, 'NOERROR aa | twin 1 A 10.42.1.30 | '],
    ['no-address.rancher.internal', {}, nodata],
    ['www.example.com.rancher.internal', {}, 'NOERROR aa | www.example.com.rancher.internal 1 A 10.42.1.40 | '],
    ['www.example.com', {}, 'forward'],
    // reverse
    ['5.1.42.10.in-addr.arpa', { type: PTR }, 'NOERROR aa | 5.1.42.10.in-addr.arpa 1 PTR front-1.rancher.internal | '],
    ['5.1.42.10.in-addr.arpa', { type: TXT }, 'NOERROR aa |  | 42.10.in-addr.arpa 1 SOA soa 1'],
    ['99.9.42.10.in-addr.arpa', { type: PTR }, 'NXDOMAIN aa |  | 42.10.in-addr.arpa 1 SOA soa 1'],
    ['9.42.10.in-addr.arpa', { type: PTR }, 'NOERROR aa |  | 42.10.in-addr.arpa 1 SOA soa 1'],
    ['41.1.42.10.in-addr.arpa', { type: PTR }, 'NXDOMAIN aa |  | 42.10.in-addr.arpa 1 SOA soa 1'],
    ['9.0.17.172.in-addr.arpa', { type: PTR }, 'NOERROR aa | 9.0.17.172.in-addr.arpa 1 PTR docker.rancher.internal | '],
    [
      '250.169.254.169.in-addr.arpa',
      { type: PTR },
      'NOERROR aa | 250.169.254.169.in-addr.arpa 1 PTR rancher-metadata.rancher.internal | ',
    ],
    ['1.0.43.10.in-addr.arpa', { type: PTR }, 'forward'],
    ['1.0.0.192.in-addr.arpa', { type: PTR }, 'forward'],
    ['x.1.42.10.in-addr.arpa', { type: PTR }, 'forward'],
    // refused
    ['db.web', { type: ANY }, 'NOTIMP |  | '],
    ['db.web', { type: AXFR }, 'NOTIMP |  | '],
    ['db.web', { type: OPT }, 'NOTIMP |  | '],
    ['version.bind', { type: TXT, class: 3 }, 'NOTIMP |  | '],
    ['db.web', { class: 255 }, 'NOTIMP |  | '],
    ['db.web', { class: 254 }, 'NOTIMP |  | '],
    // sizes
  ];
  for (const [name, asking, want] of cases) t.equal(ask(name, asking), want, `${name} ${JSON.stringify(asking)}`);
  const cut = (count: number): RegExp => new RegExp(`^NOERROR aa tc \\| (\\w+\\.web 1 A [\\d.]+(, )?){${count}} \\| $`);
  t.match(ask('many.web', { rd: 0 }), cut(30), 'what fits into 512 bytes');
  t.match(ask('many.web', { edns: 100 }), cut(29), 'less an OPT');
  t.match(ask('many.web', { edns: 600 }), cut(35));
  t.match(ask('huge.web', { edns: 65_535 }), cut(74), 'never more than 1232 bytes');
  t.match(ask('many.web', { edns: 4096 }), /^NOERROR aa \| (many\.web 1 A [\d.]+(, )?){60} \| $/);
  t.match(ask('many.web', { transport: 'tcp' }), /^NOERROR aa \| (many\.web 1 A [\d.]+(, )?){60} \| $/);
  t.match(ask('huge.web', { transport: 'tcp' }), /^NOERROR aa \| (huge\.web 1 A [\d.]+(, )?){2000} \| $/);
});

t.test('EDNS: an OPT comes back when one was sent, BADVERS above version 0, DO copied', async (t) => {
  const reply = (wish: QueryWish): Buffer => {
    const query = queryOf('db.web', wish);
    const decision = answer(query, viewOf(index, ip(x)), index, settings);
    if (decision.do !== 'reply') throw new Error(decision.do);
    return Buffer.from(encodeReply(query, decision.reply));
  };
  t.equal(reply({}).readUInt16BE(10), 0);
  t.equal(reply({ edns: 4096 }).subarray(-11).toString('hex'), '00002904d0000000000000');
  const wrong = reply({ edns: 4096, ednsVersion: 1 });
  t.equal(wrong.subarray(-11).toString('hex'), '00002904d0010000000000');
  t.equal(wrong.readUInt16BE(2) & 15, 0, 'the upper bits are in the OPT');
  t.equal(reply({ rd: 0 }).readUInt16BE(2), 0x8480);
  t.equal(reply({ rd: 1 }).readUInt16BE(2), 0x8580);
});

t.test('the question comes back byte for byte, and owners in its case', async (t) => {
  const bytes = queryBytes('Db.wEB.Rancher.INTERNAL');
  const query = queryOf('Db.wEB.Rancher.INTERNAL');
  const decision = answer(query, viewOf(index, ip(x)), index, settings);
  if (decision.do !== 'reply') throw new Error(decision.do);
  const reply = Buffer.from(encodeReply(query, decision.reply));
  t.same(reply.subarray(12, bytes.length), bytes.subarray(12));
  t.equal(reply.readUInt16BE(bytes.length), 0xc00c);
});

t.test('a chase: what the upstream said, or what is known without it', async (t) => {
  const chaseOf = (name: string) => {
    const query = queryOf(name);
    const decision = answer(query, viewOf(index, ip(x)), index, settings);
    if (decision.do !== 'chase') throw new Error(decision.do);
    return (found: Parameters<typeof finishChase>[1]) => shown(encodeReply(query, finishChase(decision, found)));
  };
  const good = { rcode: 0, records: [addressRecord('www.up.test', 100, ip('192.0.2.1'))] };
  const alias = (name: string): string => `${name}.web 1 CNAME www.up.test`;
  t.equal(chaseOf('extname.web')(good), `NOERROR aa | ${alias('extname')}, www.up.test 100 A 192.0.2.1 | `);
  t.equal(chaseOf('extname.web')({ rcode: 3, records: [] }), `NXDOMAIN aa | ${alias('extname')} | ${soa}`);
  t.equal(
    chaseOf('extname.web')({ rcode: 2, records: [] }),
    `NOERROR aa | ${alias('extname')} | ${soa}`,
    'never SERVFAIL',
  );
  t.equal(chaseOf('extname.web')(undefined), `NOERROR aa | ${alias('extname')} | ${soa}`);
  t.equal(chaseOf('extboth.web')(good), `NOERROR aa | ${alias('extboth')}, www.up.test 100 A 192.0.2.1 | `);
  t.equal(chaseOf('extboth.web')(undefined), 'NOERROR aa | extboth.web 1 A 203.0.113.7 | ');
});

t.test('before the first snapshot names of the zone wait, all else goes on', async (t) => {
  const using = new NameIndex({ zone: 'rancher.internal', serviceAddress: ip('169.254.169.250') });
  t.equal(ask('db.web.rancher.internal', { using }), 'wait');
  t.equal(ask('5.1.42.10.in-addr.arpa', { using, type: PTR }), 'wait');
  t.match(ask('rancher-metadata.rancher.internal', { using }), /169\.254\.169\.250/);
  t.equal(ask('www.up.test', { using }), 'forward');
});

t.test('the shuffle is uniform: each order of three as often as the others', async (t) => {
  const seen = new Map<string, number>();
  for (let round = 0; round < 6_000; round += 1) {
    const order = shuffle([1, 2, 3]).join('');
    seen.set(order, (seen.get(order) ?? 0) + 1);
  }
  t.equal(seen.size, 6);
  const chiSquare = [...seen.values()].reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0);
  t.ok(chiSquare < 35, `chi-square ${chiSquare} with 5 degrees of freedom`);
});
