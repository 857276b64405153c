// The worked examples of the original's behaviour as two tables. To add one: a row with its number, the question, what comes
// back (see packets.ts), and who asks. A row that differs from the original ends with the word under which the README of the
// daemon tells why.
import type { Asking } from './bench.ts';
import { clientX, clientY, longText } from './fixtures.ts';

/** Number, question, reply, who asks and how, word of the difference. */
export type Row = readonly [number, string, string, Asking?, string?];

const nobody = { from: '127.0.0.5' };
const soa = (owner: string, ttl = 600): string => `${owner} ${ttl} SOA soa ${Math.min(ttl, 5)}`;
const zone = soa('rancher.internal');
const nodata = `NOERROR aa |  | ${zone}`;
const nxdomain = `NXDOMAIN aa |  | ${zone}`;
const outsideNo = 'NXDOMAIN |  | up.test 60 SOA soa 30';
const web = (owner: string): string => ['1', '2', '3'].map((last) => `${owner} 600 A 10.42.0.${last}`).join(', ');
export const one = (owner: string, address: string, ttl = 600): string =>
  `NOERROR aa | ${owner} ${ttl} A ${address} | `;
const upA = 'www.up.test 100 A 192.0.2.1, www.up.test 50 A 192.0.2.2';
const alias = 'alias.stack.rancher.internal';
const alias2 = 'alias2.stack.rancher.internal';
export const webName = 'web.stack.rancher.internal';
const many = 'many.rancher.internal';
const firstOf = (owner: string, count: number): string =>
  Array.from({ length: count }, (_, at) => `${owner} 600 A 10.1.0.${at}`).join(', ');
const upBig = (count: number): string =>
  Array.from({ length: count }, (_, at) => `big.up.test 100 A 192.0.2.${at + 1}`).join(', ');

/** The fixture D1. */
export const fileRows: readonly Row[] = [
  [1, `${webName} A`, `NOERROR aa | ${web(webName)} | `],
  [2, 'WEB.Stack.Rancher.Internal A', `NOERROR aa | ${web('WEB.Stack.Rancher.Internal')} | `, {}, 'case'],
  [3, `${webName} AAAA`, nodata, {}, 'nodata'],
  [4, 'web A', `NOERROR aa | ${web('web')} | `],
  [5, 'web A', outsideNo, nobody],
  [6, 'web.stack A', `NOERROR aa | ${web('web.stack')} | `, nobody],
  [7, 'db A', one('db', '10.42.9.9')],
  [8, 'db.stack.rancher.internal A', one('db.stack.rancher.internal', '10.42.0.4', 42), nobody],
  [9, 'plain A', one('plain', '10.42.0.5')],
  [10, 'd A', one('d', '10.42.0.10')],
  [11, 'rancher-metadata A', one('rancher-metadata', '169.254.169.250')],
  [11, 'rancher-metadata A', one('rancher-metadata', '169.254.169.250'), nobody],
  [12, 'rancher-metadata AAAA', nodata, {}, 'nodata'],
  [13, 'mylink.rancher.internal A', one('mylink.rancher.internal', '10.42.0.20')],
  [13, 'mylink.rancher.internal A', nxdomain, nobody],
  [14, 'nonexist.rancher.internal A', nxdomain],
  [14, 'nonexist.rancher.internal AAAA', nxdomain],
  [14, 'nonexist.rancher.internal TXT', nxdomain],
  [15, 'rancher.internal A', nodata, {}, 'apex'],
  [15, 'rancher.internal SOA', `NOERROR aa | ${zone} | `, {}, 'apex'],
  [15, 'rancher.internal NS', 'NOERROR aa | rancher.internal 600 NS rancher-metadata.rancher.internal | ', {}, 'apex'],
  [15, 'other.auth SOA', `NOERROR aa | ${soa('other.auth')} | `, {}, 'apex'],
  [16, 'foo.other.auth A', `NXDOMAIN aa |  | ${soa('other.auth')}`],
  [17, 'empty.rancher.internal A', nxdomain],
  [18, 'dup.rancher.internal A', one('dup.rancher.internal', '10.42.0.7'), {}, 'doubles'],
  [19, 'upper.rancher.internal A', one('upper.rancher.internal', '10.42.0.8'), {}, 'case'],
  [20, 'both.rancher.internal A', one('both.rancher.internal', '10.42.0.11')],
  [21, `${alias} A`, `NOERROR aa | ${alias} 600 CNAME ${webName}, ${web(webName)} | `],
  [22, `${alias2} A`, `NOERROR aa | ${alias2} 30 CNAME ${alias}, ${alias} 600 CNAME ${webName}, ${web(webName)} | `],
  [23, `${alias2} CNAME`, `NOERROR aa | ${alias2} 30 CNAME ${alias} | `],
  [24, `${alias} TXT`, `NOERROR aa | ${alias} 600 CNAME ${webName} | ${zone}`, {}, 'nodata'],
  [25, 'ext.stack.rancher.internal A', `NOERROR aa | ext.stack.rancher.internal 600 CNAME www.up.test, ${upA} | `],
  [
    26,
    'ext.stack.rancher.internal AAAA',
    'NOERROR aa | ext.stack.rancher.internal 600 CNAME www.up.test, www.up.test 100 AAAA 2001:db8::1 | ',
    {},
    'chase',
  ],
  [
    27,
    'extcn.stack.rancher.internal A',
    `NOERROR aa | extcn.stack.rancher.internal 600 CNAME cn.up.test, cn.up.test 80 CNAME www.up.test, ${upA} | `,
  ],
  [
    28,
    'extnx.stack.rancher.internal A',
    `NXDOMAIN aa | extnx.stack.rancher.internal 600 CNAME nx.up.test | ${zone}`,
    {},
    'chase',
  ],
  [29, 'self.rancher.internal A', nxdomain],
  [
    29,
    'loop1.rancher.internal A',
    `NOERROR aa | loop1.rancher.internal 600 CNAME loop2.rancher.internal, loop2.rancher.internal 600 CNAME loop1.rancher.internal | ${zone}`,
    {},
    'chase',
  ],
  [
    29,
    'dangling.rancher.internal A',
    `NXDOMAIN aa | dangling.rancher.internal 600 CNAME missing.rancher.internal | ${zone}`,
    {},
    'chase',
  ],
  [30, 'extlink.rancher.internal A', `NOERROR aa | extlink.rancher.internal 600 CNAME www.up.test, ${upA} | `],
  [31, '1.0.42.10.in-addr.arpa PTR', `NOERROR aa | 1.0.42.10.in-addr.arpa 600 PTR ${webName} | `],
  [32, '3.0.42.10.in-addr.arpa PTR', 'NOERROR aa | 3.0.42.10.in-addr.arpa 7 PTR web3.stack.rancher.internal | '],
  [33, '9.0.42.10.in-addr.arpa PTR', `NXDOMAIN aa |  | ${soa('42.10.in-addr.arpa')}`, {}, 'reverse'],
  [33, '9.0.43.10.in-addr.arpa PTR', outsideNo],
  [34, 'txt TXT', 'NOERROR aa | txt 600 TXT "one", txt 600 TXT "two words" | '],
  [35, 'ctxt.rancher.internal TXT', 'NOERROR aa | ctxt.rancher.internal 600 TXT "client" | '],
  [35, 'ctxt.rancher.internal TXT', nxdomain, nobody],
  [
    36,
    'longtxt.rancher.internal TXT',
    `NOERROR aa | longtxt.rancher.internal 600 TXT "${longText}" | `,
    {},
    'long texts',
  ],
  ...(['SRV', 'MX', 'HTTPS'] as const).map((type): Row => [37, `${webName} ${type}`, nodata, {}, 'nodata']),
  [37, `${webName} CNAME`, nodata, {}, 'nodata'],
  [38, 'www.up.test A', `NOERROR | ${upA} | `, {}, 'ageing'],
  [39, 'nx.up.test A', outsideNo],
  [39, 'nx.up.test AAAA', outsideNo, {}, 'codes'],
  [40, 'servfail.up.test A', 'SERVFAIL |  | '],
  [41, 'cn.up.test A', `NOERROR | cn.up.test 80 CNAME www.up.test, ${upA} | `],
  [42, 'big.up.test A', `NOERROR tc | ${upBig(30)} | `, {}, 'sizes'],
  [43, `${many} A`, `NOERROR aa tc | ${firstOf(many, 29)} | `, {}, 'sizes'],
  [43, `${many} A`, `NOERROR aa tc | ${firstOf(many, 34)} | `, { edns: 600 }, 'sizes'],
  [43, `${many} A`, `NOERROR aa | ${firstOf(many, 60)} | `, { edns: 4096 }],
  [43, `${many} A`, `NOERROR aa | ${firstOf(many, 60)} | `, { transport: 'tcp' }],
  [44, 'huge.rancher.internal A', `NOERROR aa tc | ${firstOf('huge.rancher.internal', 29)} | `, {}, 'sizes'],
  [45, `${webName} ANY`, 'NOTIMP |  | ', {}, 'refusals'],
  [45, `${webName} TXT`, 'NOTIMP |  | ', { class: 3 }, 'refusals'],
  [50, `${webName} A`, `NOERROR aa | ${web(webName)} | `, { rd: 0 }],
  // what the original was seen to do with broken files
  [51, 'bad.rancher.internal A', one('bad.rancher.internal', '10.42.0.12'), {}, 'bad values'],
  [
    52,
    'nodot.rancher.internal A',
    `NOERROR aa | nodot.rancher.internal 600 CNAME ${webName}, ${web(webName)} | `,
    {},
    'bad values',
  ],
  [53, 'stack.rancher.internal A', nodata, {}, 'nodata'],
  [54, 'plain MX', outsideNo],
];

const x = { from: clientX };
const y = { from: clientY };
const db = (owner: string): string => one(owner, '10.42.1.9');
const all = (owner: string, ...lasts: number[]): string =>
  `NOERROR aa | ${lasts.map((last) => `${owner} 600 A 10.42.1.${last}`).join(', ')} | `;

/** The fixture M1. */
export const metadataRows: readonly Row[] = [
  [101, 'front.web.rancher.internal A', all('front.web.rancher.internal', 5, 6), y],
  [102, 'db A', db('db'), x],
  [102, 'DB A', db('DB'), x],
  [102, 'front A', all('front', 5, 6), x],
  [102, 'logger A', all('logger', 5), x],
  [102, 'logger.front A', all('logger.front', 5), x],
  [103, 'db A', outsideNo, y],
  [104, 'db.web A', db('db.web'), y],
  [104, 'logger.front.web A', all('logger.front.web', 5), y],
  [105, 'mydb A', db('mydb'), x],
  [105, 'mydb.rancher.internal A', db('mydb.rancher.internal'), x],
  [105, 'other A', all('other', 20), x],
  [106, 'mydb.rancher.internal A', nxdomain, y],
  [107, 'myvip.web A', one('myvip.web', '169.254.64.8'), x],
  [108, 'goto A', `NOERROR aa | goto 600 CNAME www.up.test, ${upA} | `, x],
  [108, 'goto AAAA', 'NOERROR aa | goto 600 CNAME www.up.test, www.up.test 100 AAAA 2001:db8::1 | ', x, 'chase'],
  [109, 'extboth A', `NOERROR aa | extboth 600 CNAME www.up.test, ${upA} | `, x],
  [
    110,
    'alias.web.rancher.internal A',
    'NOERROR aa | alias.web.rancher.internal 600 A 10.42.1.9, alias.web.rancher.internal 600 A 203.0.113.5, alias.web.rancher.internal 600 A 203.0.113.6 | ',
  ],
  [111, 'hc.web.rancher.internal A', all('hc.web.rancher.internal', 31, 32)],
  [112, 'allbad.web.rancher.internal A', all('allbad.web.rancher.internal', 42)],
  [112, 'stopped.web.rancher.internal A', all('stopped.web.rancher.internal', 44)],
  [113, 'web-db-1 A', db('web-db-1'), y],
  [113, 'standalone A', all('standalone', 20), y],
  [113, 'sick A', all('sick', 21), y],
  [114, 'kube.kns.svc.cluster.local A', one('kube.kns.svc.cluster.local', '10.43.0.1')],
  [114, 'k1.kube.kns.svc.cluster.local A', all('k1.kube.kns.svc.cluster.local', 51)],
  [115, 'nope.svc.cluster.local A', outsideNo],
  [116, 'nobody.web.rancher.internal A', nodata, {}, 'nodata'],
  [116, 'gone.rancher.internal A', nxdomain, x],
  [117, 'foreign.other.rancher.internal A', nxdomain],
  [118, 'noaddress.web.rancher.internal A', nodata, {}, 'nodata'],
  [
    119,
    '9.1.42.10.in-addr.arpa PTR',
    'NOERROR aa | 9.1.42.10.in-addr.arpa 600 PTR web-db-1.rancher.internal | ',
    {},
    'reverse',
  ],
];
