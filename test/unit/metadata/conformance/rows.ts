// The worked examples of the metadata reference (section 16) as a table: add a line to add a test. Each row is asked of the same
// facts held in two ways: as objects of the snapshot, and as the original's own file of objects. Where we answer otherwise
// than the original, `differs` says so; the reasons are in daemons/metadata/README.md.

/** What differs from world to world. */
export interface Facts {
  readonly version: string;
  readonly region: boolean;
  readonly stack: string;
  readonly service: string;
  readonly db: string;
}

export interface Row {
  /** Number in the reference; 0: from its other sections. */
  readonly row: number;
  readonly get: string;
  readonly method?: string;
  /** The caller's address; none: the host itself. */
  readonly from?: string;
  /** Text, JSON or YAML; default text. */
  readonly as?: 'T' | 'J' | 'Y';
  /** Default 200. */
  readonly status?: number;
  readonly body: string | RegExp | ((facts: Facts) => string);
  readonly differs?: string;
  /** A row for one of the worlds. */
  readonly only?: 'snapshot' | 'file';
}

export const front = '10.42.1.10';
export const db = '10.42.1.12';
export const solo = '10.42.1.13';
export const stranger = '203.0.113.200';
const notFound = { status: 404, body: 'Not found\n' };
const noPage = { status: 404, body: '404 page not found\n' };
const old = 'containers/\nhosts/\nname\nnetworks/\nregion_name\nself/\nservices/\nstacks/\nuuid\nversion\n';
const now = old.replace('hosts', 'environments/\nhosts');
const meta = '/latest/services/front/metadata';

export const rows: readonly Row[] = [
  { row: 1, get: '/', body: '2015-07-25\n2015-12-19\n2016-07-29\nlatest\n' },
  {
    row: 2,
    get: '/',
    as: 'J',
    body: '{"2015-07-25":"/2015-07-25","2015-12-19":"/2015-12-19","2016-07-29":"/2016-07-29","latest":"/latest"}',
  },
  { row: 3, get: '/latest', body: now },
  { row: 4, get: '/2015-12-19/', body: old },
  { row: 5, get: '/latest/version', as: 'J', body: /^"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"$/ },
  { row: 5, get: '/latest/version', body: ({ version }) => version },
  { row: 6, get: '/2015-07-25/self', body: 'host/\n' },
  { row: 7, get: '/2015-07-25/self', from: front, body: 'container/\nhost/\nservice/\nstack/\n' },
  { row: 8, get: '/latest/self', from: solo, body: 'container/\nhost/\n' },
  { row: 9, get: '/2015-07-25/self/container/name', from: front, body: 'Web-Front-1' },
  { row: 10, get: '/2016-07-29/self/container/name', from: front, body: 'web-front-1' },
  {
    row: 11,
    get: '/latest/self/container',
    from: solo,
    only: 'file',
    differs: 'helper fields are not shown',
    body: 'host_uuid\nips/\nlabels/\nlinks/\nname\nports/\nprimary_ip\nstate\nuuid\n',
  },
  {
    row: 11,
    get: '/latest/self/container',
    from: solo,
    only: 'snapshot',
    differs: 'all fields of the model, null where unknown',
    body: 'create_index\ndns/\ndns_search/\nenvironment_uuid\nexternal_id\nhealth_check\nhealth_check_hosts/\nhealth_state\nhost_uuid\nhostname\nips/\nlabels/\nlinks/\nmemory_reservation\nmilli_cpu_reservation\nname\nnetwork_from_container_uuid\nnetwork_uuid\nports/\nprimary_ip\nprimary_mac_address\nservice_index\nservice_name\nservice_uuid\nstack_name\nstack_uuid\nstart_count\nstate\nsystem\nuuid\n',
  },
  { row: 12, get: '/2015-12-19/self/container/service_name', from: front, body: 'Front' },
  { row: 12, get: '/latest/self/container/service_name', from: front, body: 'front' },
  {
    row: 13,
    get: '/latest/self/container/ports',
    from: front,
    as: 'J',
    body: '["0.0.0.0:8080:80/tcp","192.0.2.11:8443:443/tcp","0.0.0.0:9000:9000/tcp"]',
  },
  {
    row: 14,
    get: '/2015-12-19/self/container/ports',
    from: front,
    as: 'J',
    body: '["192.0.2.11:8080:80/tcp","192.0.2.11:8443:443/tcp","192.0.2.11:9000:9000/tcp"]',
  },
  { row: 15, get: '/latest/self/container/ports', from: front, body: '0\n1\n2\n' },
  { row: 16, get: '/2015-07-25/self/service/containers', from: front, as: 'J', body: '["Web-Front-1"]' },
  { row: 16, get: '/2015-07-25/self/service/containers', from: front, body: '0\n' },
  { row: 17, get: '/2015-12-19/self/service/containers', from: front, body: '0=Web-Front-1\n' },
  { row: 18, get: '/2016-07-29/self/service/containers', from: front, body: '0=web-front-1\n' },
  {
    row: 19,
    get: '/2015-07-25/stacks/Web/services',
    as: 'J',
    differs: 'in stable order',
    body: '["db","Front","Logger"]',
  },
  { row: 20, get: '/2016-07-29/stacks/web/services', differs: 'in stable order', body: '0=db\n1=front\n2=logger\n' },
  { row: 21, get: '/2016-07-29/stacks/WEB/name', body: 'web' },
  { row: 22, get: '/2015-12-19/stacks/web/name', ...notFound },
  { row: 23, get: '/2016-07-29/stacks/st-1/name', body: 'web' },
  { row: 24, get: '/latest/services/front/links', as: 'J', body: '{"web/db":"MyDB"}' },
  { row: 25, get: '/2015-12-19/services/Front/links', as: 'J', body: '{"Web/db":"MyDB"}' },
  { row: 26, get: '/latest/services/front/links', body: 'web%2Fdb\n' },
  { row: 27, get: '/latest/services/front/links/web%2Fdb', body: 'MyDB' },
  { row: 27, get: '/latest/services/front/links/Web%2Fdb', body: 'MyDB' },
  { row: 28, get: '/latest/services/db/links', as: 'J', body: '{}' },
  { row: 28, get: '/2015-12-19/services/db/links', as: 'J', body: 'null' },
  { row: 29, get: '/latest/containers/solo/links', as: 'J', body: (facts) => `{"DBlink":"${facts.db}"}` },
  { row: 30, get: '/latest/self/container/links', from: front, as: 'J', body: 'null' },
  { row: 31, get: '/latest/services/front/sidekicks', as: 'J', body: '["logger"]' },
  { row: 31, get: '/2015-12-19/services/Front/sidekicks', as: 'J', body: '["Logger"]' },
  { row: 32, get: '/latest/services/front/containers/0/primary_ip', body: '10.42.1.10' },
  { row: 33, get: '/latest/services/front/containers/1', ...notFound },
  { row: 34, get: meta, body: 'Mixed+Key%2Fslash\ngreeting\nlist/\nn\nnul\nt\n' },
  {
    row: 35,
    get: meta,
    as: 'J',
    body: '{"Mixed Key/slash":"ok","greeting":"a \\u0026 b \\u003cc\\u003e","list":["x",["y"],{"k":"v"},{"name":"nm"}],"n":1.5,"nul":null,"t":true}',
  },
  {
    row: 36,
    get: meta,
    as: 'Y',
    body: 'Mixed Key/slash: ok\ngreeting: a & b <c>\nlist:\n- x\n- - "y"\n- k: v\n- name: nm\n"n": 1.5\nnul: null\nt: true\n',
  },
  { row: 37, get: `${meta}/list`, body: '0\n1/\n2/\n3=nm\n' },
  { row: 38, get: `${meta}/list/1/0`, body: 'y' },
  { row: 39, get: `${meta}/n`, body: '1.5' },
  { row: 40, get: `${meta}/nul`, body: '' },
  { row: 40, get: `${meta}/nul`, as: 'J', body: 'null' },
  { row: 41, get: `${meta}/nul/x`, differs: 'the original closed the connection', ...notFound },
  { row: 42, get: `${meta}/Mixed+Key%2Fslash`, body: 'ok' },
  { row: 42, get: `${meta}/Mixed%20Key%2Fslash`, body: 'ok' },
  { row: 42, get: `${meta}/Mixed%20Key/slash`, ...notFound },
  { row: 43, get: '/2015-12-19/hosts/node-1/hostId', only: 'file', body: '1' },
  {
    row: 43,
    get: '/2015-12-19/hosts/node-1/hostId',
    only: 'snapshot',
    differs: 'made of the uuid',
    body: /^[1-9]\d*$/,
  },
  { row: 43, get: '/latest/hosts/node-1/hostId', ...notFound },
  { row: 44, get: '/latest/hosts/0/memory', body: '8589934592' },
  { row: 45, get: '/latest/self/host/name', from: stranger, body: 'node-1' },
  {
    row: 46,
    get: '/latest/self/container',
    from: stranger,
    as: 'J',
    status: 404,
    body: '{"code":404,"message":"Not found","type":"error"}\n',
  },
  {
    row: 46,
    get: '/latest/self/container',
    from: stranger,
    as: 'Y',
    status: 404,
    body: 'code: 404\nmessage: Not found\ntype: error\n\n',
  },
  { row: 47, get: '/2020-01-01/x', status: 404, body: 'Invalid version\n' },
  { row: 48, get: '/Latest/services', status: 404, body: 'Invalid version\n' },
  { row: 49, get: '/latest/services/front/name/x', ...notFound },
  { row: 50, get: '/latest//services', status: 301, body: '' },
  { row: 51, get: '/latest/services/front/name/', body: 'front' },
  { row: 52, get: '/latest/environments', as: 'J', body: 'null' },
  { row: 52, get: '/2015-12-19/environments', ...notFound },
  { row: 53, get: '/latest/name', body: 'default' },
  {
    row: 54,
    get: '/latest/self/container/name',
    from: '203.0.113.9, 10.42.1.10',
    differs: 'the last hop that is no proxy counts; the original found nothing',
    body: 'web-front-1',
  },
  { row: 55, get: '/latest/self/stack/services/DB/name', from: front, body: 'db' },
  { row: 56, get: '/latest/services/front/token', as: 'J', body: 'null' },
  { row: 56, get: '/latest/self/service/token', from: front, body: 'tok-front' },
  { row: 57, get: '/latest/services/logger/token', differs: 'the original shows it to everybody', body: '' },
  { row: 58, get: '/latest/services/logger/containers', as: 'J', body: 'null' },
  { row: 59, get: '/latest/version?wait=true&value=init', body: ({ version }) => version },
  { row: 62, get: '/latest?wait=true&value=x', body: now },
  { row: 63, get: '/latest/version', method: 'POST', ...noPage },
  { row: 63, get: '/latest/version', method: 'DELETE', ...noPage },
  { row: 64, get: '/latest/version', method: 'HEAD', body: '' },
  { row: 65, get: `${meta}/bad%zz`, status: 400, body: '400 Bad Request' },
  // Sections 5 and 6: names and uuids, versions.
  { row: 0, get: '/latest/region_name', body: ({ region }) => (region ? 'region-a' : '') },
  { row: 0, get: '/latest/containers', body: '0=solo\n1=web-db-1\n2=web-front-1\n' },
  { row: 0, get: '/latest/services/sv-1/name', body: 'front' },
  { row: 0, get: '/latest/services/logger/uuid', body: ({ service }) => service },
  { row: 0, get: '/latest/self/container/service_uuid', from: front, body: ({ service }) => service },
  { row: 0, get: '/latest/self/container/stack_uuid', from: front, body: ({ stack }) => stack },
  { row: 0, get: '/2015-12-19/services/logger/name', ...notFound },
  { row: 0, get: '/2015-12-19/services/Logger/primary_service_name', body: 'Front' },
  { row: 0, get: '/latest/services/logger/primary_service_name', body: 'front' },
  { row: 0, get: '/2015-12-19/services/Front/ports', as: 'J', body: '["8080:80/tcp"]' },
  { row: 0, get: '/latest/networks/ipsec/is_default', only: 'file', body: 'true' },
  // Sections 8 and 9: routes and lookup.
  { row: 0, get: '/latest%2Fservices', body: now },
  { row: 0, get: '/latest/services%2Ffront', ...notFound },
  { row: 0, get: '/latest/services/+0/name', ...notFound },
  { row: 0, get: '/latest/containers/%2B0/name', body: 'solo' },
  { row: 0, get: '/latest/containers/00/name', body: 'solo' },
  { row: 0, get: '/latest/containers/-1/name', ...notFound },
  { row: 0, get: '/latest/containers/9223372036854775807/name', ...notFound },
  { row: 0, get: '/latest/containers/99999999999999999999/name', ...notFound },
  { row: 0, get: '/latest/self/container/labels/a.b', from: front, body: '1' },
  { row: 0, get: '/latest/self/container/labels/__proto__', from: front, ...notFound },
  { row: 0, get: '/latest/constructor', ...notFound },
  { row: 0, get: '/latest/self/%0A', ...noPage },
  { row: 0, get: '/favicon.ico', ...noPage },
  { row: 0, get: 'http://rancher-metadata/latest/name', body: 'default' },
  { row: 0, get: `/latest${'/x'.repeat(1_000)}`, ...notFound },
  { row: 0, get: '*', ...noPage },
  { row: 0, get: '/latest/%00/%ff', ...notFound },
  { row: 0, get: '/latest/../latest/name', status: 301, body: '' },
];

/** Rows that need more than one request: in conformance.test.ts. */
export const elsewhere: readonly number[] = [60, 61];
