// The worked examples of the metadata reference (section 16), row by row, with this suite's decisions applied: stable order,
// JSON labelled as JSON, no leaked fields, no token, null in the middle of a path is Not found.
import t from 'tap';
import { answer } from '../../../daemons/metadata/answer.ts';
import { parseIpv4 } from '../../../daemons/shared/model/ipv4.ts';
import { World } from './world.ts';

const world = new World();
const ask = (target: string, from = '-', accept: 'T' | 'J' = 'T', method = 'GET') => {
  const address = parseIpv4(from);
  const self = address === undefined ? undefined : world.catalog.containerAt(address);
  const given = answer(world.trees, { method, target, accept: accept === 'J' ? 'application/json' : undefined, self });
  const headers = new Map<string, string>();
  for (let at = 0; at < given.headers.length; at += 2)
    headers.set(given.headers[at]!.toLowerCase(), given.headers[at + 1]!);
  return { status: given.status, body: given.body.toString('utf8'), headers };
};

const front = '10.42.1.10';
const lone = '10.42.1.13';
const stranger = '203.0.113.200';
const version = world.catalog.version;
const tree = 'containers/\nhosts/\nname\nnetworks/\nregion_name\nself/\nservices/\nstacks/\nuuid\nversion\n';
const notFoundJson = '{"code":404,"message":"Not found","type":"error"}\n';
const metadata = '/latest/services/front/metadata';
const metadataJson =
  '{"0":"zero","Mixed Key/slash":"ok","greeting":"a \\u0026 b \\u003cc\\u003e",' +
  '"list":["x",["y"],{"k":"v"},{"name":"nm"}],"n":1.5,"nul":null,"t":true}';

type Row = readonly [number, string, string, 'T' | 'J', number, string];
const rows: readonly Row[] = [
  [1, '/', '-', 'T', 200, '2015-07-25\n2015-12-19\n2016-07-29\nlatest\n'],
  [
    2,
    '/',
    '-',
    'J',
    200,
    '{"2015-07-25":"/2015-07-25","2015-12-19":"/2015-12-19","2016-07-29":"/2016-07-29","latest":"/latest"}',
  ],
  [3, '/latest', '-', 'T', 200, tree.replace('hosts', 'environments/\nhosts')],
  [4, '/2015-12-19/', '-', 'T', 200, tree],
  [5, '/latest/version', '-', 'J', 200, `"${version}"`],
  [6, '/2015-07-25/self', '-', 'T', 200, 'host/\n'],
  [7, '/2015-07-25/self', front, 'T', 200, 'container/\nhost/\nservice/\nstack/\n'],
  [8, '/latest/self', lone, 'T', 200, 'container/\nhost/\n'],
  [9, '/2015-07-25/self/container/name', front, 'T', 200, 'Web-Front-1'],
  [10, '/2016-07-29/self/container/name', front, 'T', 200, 'web-front-1'],
  [12, '/2015-12-19/self/container/service_name', front, 'T', 200, 'Front'],
  [12, '/latest/self/container/service_name', front, 'T', 200, 'front'],
  [
    13,
    '/latest/self/container/ports',
    front,
    'J',
    200,
    '["0.0.0.0:8080:80/tcp","192.0.2.11:8443:443/tcp","0.0.0.0:9000:9000/tcp"]',
  ],
  [
    14,
    '/2015-12-19/self/container/ports',
    front,
    'J',
    200,
    '["192.0.2.11:8080:80/tcp","192.0.2.11:8443:443/tcp","192.0.2.11:9000:9000/tcp"]',
  ],
  [15, '/latest/self/container/ports', front, 'T', 200, '0\n1\n2\n'],
  [16, '/2015-07-25/self/service/containers', front, 'J', 200, '["Web-Front-1"]'],
  [16, '/2015-07-25/self/service/containers', front, 'T', 200, '0\n'],
  [17, '/2015-12-19/self/service/containers', front, 'T', 200, '0=Web-Front-1\n'],
  [18, '/2016-07-29/self/service/containers', front, 'T', 200, '0=web-front-1\n'],
  [19, '/2015-07-25/stacks/Web/services', '-', 'J', 200, '["Front","Logger","db"]'],
  [20, '/2016-07-29/stacks/web/services', '-', 'T', 200, '0=front\n1=logger\n2=db\n'],
  [21, '/2016-07-29/stacks/WEB/name', '-', 'T', 200, 'web'],
  [22, '/2015-12-19/stacks/web/name', '-', 'T', 404, 'Not found\n'],
  [23, '/2016-07-29/stacks/st-1/name', '-', 'T', 200, 'web'],
  [24, '/latest/services/front/links', '-', 'J', 200, '{"web/db":"MyDB"}'],
  [25, '/2015-12-19/services/Front/links', '-', 'J', 200, '{"Web/db":"MyDB"}'],
  [26, '/latest/services/front/links', '-', 'T', 200, 'web%2Fdb\n'],
  [27, '/latest/services/front/links/web%2Fdb', '-', 'T', 200, 'MyDB'],
  [27, '/latest/services/front/links/Web%2Fdb', '-', 'T', 200, 'MyDB'],
  [28, '/latest/services/db/links', '-', 'J', 200, '{}'],
  [30, '/latest/self/container/links', front, 'J', 200, 'null'],
  [31, '/latest/services/front/sidekicks', '-', 'J', 200, '["logger"]'],
  [31, '/2015-12-19/services/Front/sidekicks', '-', 'J', 200, '["Logger"]'],
  [32, '/latest/services/front/containers/0/primary_ip', '-', 'T', 200, '10.42.1.10'],
  [33, '/latest/services/front/containers/1', '-', 'T', 404, 'Not found\n'],
  [34, metadata, '-', 'T', 200, '0\nMixed+Key%2Fslash\ngreeting\nlist/\nn\nnul\nt\n'],
  [35, metadata, '-', 'J', 200, metadataJson],
  [37, `${metadata}/list`, '-', 'T', 200, '0\n1/\n2/\n3=nm\n'],
  [38, `${metadata}/list/1/0`, '-', 'T', 200, 'y'],
  [39, `${metadata}/n`, '-', 'T', 200, '1.5'],
  [40, `${metadata}/nul`, '-', 'T', 200, ''],
  [40, `${metadata}/nul`, '-', 'J', 200, 'null'],
  [41, `${metadata}/nul/x`, '-', 'T', 404, 'Not found\n'],
  [42, `${metadata}/Mixed+Key%2Fslash`, '-', 'T', 200, 'ok'],
  [42, `${metadata}/Mixed%20Key%2Fslash`, '-', 'T', 200, 'ok'],
  [42, `${metadata}/Mixed%20Key/slash`, '-', 'T', 404, 'Not found\n'],
  [43, '/latest/hosts/node-1/hostId', '-', 'T', 404, 'Not found\n'],
  [44, '/latest/hosts/0/memory', '-', 'T', 200, '8589934592'],
  [45, '/latest/self/host/name', stranger, 'T', 200, 'node-1'],
  [46, '/latest/self/container', stranger, 'J', 404, notFoundJson],
  [47, '/2020-01-01/x', '-', 'T', 404, 'Invalid version\n'],
  [48, '/Latest/services', '-', 'T', 404, 'Invalid version\n'],
  [49, '/latest/services/front/name/x', '-', 'T', 404, 'Not found\n'],
  [50, '/latest//services', '-', 'T', 301, ''],
  [51, '/latest/services/front/name/', '-', 'T', 200, 'front'],
  [52, '/latest/environments', '-', 'J', 200, 'null'],
  [52, '/2015-12-19/environments', '-', 'T', 404, 'Not found\n'],
  [53, '/latest/name', '-', 'T', 200, 'default'],
  [55, '/latest/self/stack/services/DB/name', front, 'T', 200, 'db'],
  [56, '/latest/services/front/token', '-', 'J', 200, 'null'],
  [57, '/latest/services/logger/token', '-', 'T', 200, ''],
  [58, '/latest/services/logger/containers', '-', 'J', 200, 'null'],
  [65, `${metadata}/bad%zz`, '-', 'T', 400, '400 Bad Request'],
  // Beyond the reference's rows: what its sections 8 and 9 say.
  [0, '/latest%2Fservices', '-', 'T', 200, tree.replace('hosts', 'environments/\nhosts')],
  [0, '/latest/services%2Ffront', '-', 'T', 404, 'Not found\n'],
  [0, '/latest/services/+0/name', '-', 'T', 404, 'Not found\n'],
  [0, '/latest/services/%2B0/name', '-', 'T', 200, 'db'],
  [0, '/latest/services/00/name', '-', 'T', 200, 'db'],
  [0, '/latest/services/-1/name', '-', 'T', 404, 'Not found\n'],
  [0, '/latest/services/9223372036854775807/name', '-', 'T', 404, 'Not found\n'],
  [0, '/latest/services/99999999999999999999/name', '-', 'T', 404, 'Not found\n'],
  [0, `${metadata}/0`, '-', 'T', 200, 'zero'],
  [0, '/latest/containers', '-', 'T', 200, '0=solo\n1=web-db-1\n2=web-front-1\n'],
  [0, '/latest/services/logger/uuid', '-', 'T', 200, 'sv-1'],
  [0, '/latest/services/sv-1/name', '-', 'T', 200, 'front'],
  [0, '/latest/self/container/service_uuid', front, 'T', 200, 'sv-1'],
  [0, '/latest/self/container/labels/a.b', front, 'T', 200, '1'],
  [0, '/latest/self/container/labels/__proto__', front, 'T', 404, 'Not found\n'],
  [0, '/latest/constructor', '-', 'T', 404, 'Not found\n'],
  [0, '/latest/self/%0A', '-', 'T', 404, '404 page not found\n'],
  [0, '/favicon.ico', '-', 'T', 404, '404 page not found\n'],
  [0, 'http://rancher-metadata/latest/name', '-', 'T', 200, 'default'],
  [0, `/latest${'/x'.repeat(1_000)}`, '-', 'T', 404, 'Not found\n'],
  [0, '*', '-', 'T', 404, '404 page not found\n'],
];

for (const [row, target, from, accept, status, body] of rows) {
  t.test(`row ${row}: ${target.slice(0, 60)} from ${from} as ${accept}`, async (t) => {
    const given = ask(target, from, accept);
    t.same([given.status, given.body], [status, body]);
    t.equal(given.headers.get('content-length'), String(Buffer.byteLength(body)));
    const head = ask(target, from, accept, 'HEAD');
    t.same([head.status, head.headers], [given.status, given.headers], 'HEAD has the same headers');
  });
}

t.test('row 11: every field of a container is listed, absent collections marked as such', async (t) => {
  const listing = ask('/latest/self/container', lone).body.split('\n');
  for (const line of ['host_uuid', 'ips/', 'labels/', 'links/', 'name', 'ports/', 'primary_ip', 'state', 'uuid']) {
    t.ok(listing.includes(line), line);
  }
  t.notOk(listing.some((line) => /metadata_kind|host_ip/.test(line)));
});

t.test('row 43: older versions number the host', async (t) => {
  t.match(ask('/2015-12-19/hosts/node-1/hostId').body, /^[1-9]\d*$/);
});

t.test('headers: types, no sniffing, open to browsers; none of it on what is no data', async (t) => {
  const text = ask('/latest/name').headers;
  t.equal(text.get('content-type'), 'text/plain; charset=utf-8');
  t.equal(text.get('x-content-type-options'), 'nosniff');
  t.equal(text.get('access-control-allow-origin'), '*');
  t.equal(ask('/latest/name', '-', 'J').headers.get('content-type'), 'application/json');
  t.equal(ask('/latest/nope').headers.get('access-control-allow-origin'), '*');
  t.equal(ask(`${metadata}/nul`).headers.get('content-type'), undefined, 'an empty body has no type');
  t.equal(ask('/favicon.ico').headers.get('access-control-allow-origin'), undefined);
});

t.test('row 50: the cleaned location keeps the query', async (t) => {
  t.equal(ask('/latest//services').headers.get('location'), '/latest/services');
  t.equal(ask('/latest/../latest/./a%20b//?x=1').headers.get('location'), '/latest/a%20b/?x=1');
});

t.test('row 63: other methods find nothing', async (t) => {
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    const { status, body, headers } = ask('/latest/version', '-', 'T', method);
    t.same([status, body, headers.has('access-control-allow-origin')], [404, '404 page not found\n', false]);
  }
});
