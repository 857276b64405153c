// Names as programs in a container look them up: through glibc's and musl's own resolver, with the resolv.conf of real
// containers. To add a pattern: a row under its resolv.conf, `FAMILY:NAME`, what is found, and what musl finds if that differs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { startFakeMetadata } from '../../fakes/metadata-watch.ts';
import { container, hostId, service } from '../../unit/dns/support/objects.ts';
import { exec, isRoot, until } from '../support/namespaces.ts';
import { type Bed, condition, makeBed, startDns, startUpstream } from './support/bed.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

/** `FAMILY:NAME` (i: either, 4, 6), the addresses in any order or `none`, `again`; musl's where they differ. */
type Row = readonly [string, string, string?];

const objects = [
  container('front-1', { ips: ['10.42.1.5'] }),
  container('front-2', { ips: ['10.42.2.7'], hostId: 'elsewhere' }),
  container('db-1', { ips: ['10.42.1.9'] }),
  container('sick', { ips: ['10.42.1.11'], health: 'unhealthy' }),
  ...Array.from({ length: 90 }, (_, at) => container(`many-${at}`, { ips: [`10.42.3.${at}`] })),
  service('web/front', { containerIds: ['front-1', 'front-2'], links: { 'web/db': 'mydb', 'shop/cart': 'basket' } }),
  service('web/db', { containerIds: ['db-1', 'sick'], hasHealthCheck: false }),
  service('web/alias', { serviceKind: 'dnsService', links: { 'web/db': '', 'web/ext': '' } }),
  service('web/ext', { serviceKind: 'externalService', externalIps: ['203.0.113.5'] }),
  service('web/outside', { serviceKind: 'externalService', hostname: 'www.up.test' }),
  service('web/gone', { serviceKind: 'externalService', hostname: 'nx.up.test' }),
  service('web/empty'),
  service('web/many', { containerIds: Array.from({ length: 90 }, (_, at) => `many-${at}`) }),
  service('shop/cart', { containerIds: ['db-1'] }),
];

const server = 'nameserver 169.254.169.250\n';
const searched = `${server}search web.rancher.internal front.web.rancher.internal rancher.internal\n`;
const db = '10.42.1.9';
const front = '10.42.1.5 10.42.2.7';
const up = '192.0.2.1 192.0.2.2';

const tables: Readonly<Record<string, { conf: string; rows: readonly Row[] }>> = {
  'three suffixes, as Rancher wrote it': {
    conf: searched,
    rows: [
      ['i:db', db],
      ['4:db', db],
      ['6:db', 'none'],
      ['i:DB', db],
      ['i:db.', db],
      ['i:db.web', db],
      ['i:db.web.rancher.internal', db],
      ['i:db.web.rancher.internal.', db],
      ['6:db.web.rancher.internal', 'none'],
      ['i:front', front],
      ['i:mydb', db],
      ['i:basket', db],
      ['i:cart.shop', db],
      ['i:db-1', db],
      ['i:sick', '10.42.1.11'],
      ['i:alias', `${db} 203.0.113.5`],
      ['i:outside', up],
      ['i:gone', 'none'],
      ['i:empty', 'none'],
      ['i:nope', 'none'],
      ['i:nope.web', 'none'],
      ['i:nope.web.rancher.internal', 'none'],
      ['i:rancher-metadata', '169.254.169.250'],
      ['i:www.up.test', up],
      ['4:WWW.Up.Test', up],
      ['6:www.up.test', 'none'],
      ['i:nx.up.test', 'none'],
      ['i:servfail.up.test', 'again'],
      ['i:many', '90 addresses', '29 addresses'],
      ['4:slow.up.test', '192.0.2.7'],
    ],
  },
  'many dots before a name counts as whole, as Kubernetes writes it': {
    conf: `${searched}options ndots:5\n`,
    rows: [
      ['i:db', db],
      ['i:db.web', db],
      ['i:db.web.rancher.internal', db],
      ['i:db.web.rancher.internal.', db],
      ['6:db.web', 'none'],
      ['i:mydb', db],
      ['i:cart.shop', db],
      ['i:nope', 'none'],
      ['i:nope.web.rancher.internal', 'none'],
      ['i:www.up.test', up],
      ['6:www.up.test', 'none'],
      ['i:nx.up.test', 'none'],
    ],
  },
  'one suffix: the server itself searches the rest': {
    conf: `${server}search rancher.internal\n`,
    rows: [
      ['i:db', db],
      ['i:db.web', db],
      ['6:db', 'none'],
      ['i:mydb', db],
      ['i:front-1', '10.42.1.5'],
      ['i:nope', 'none'],
    ],
  },
  'EDNS, one question at a time': {
    conf: `${searched}options edns0 single-request timeout:2 attempts:2\n`,
    rows: [
      ['i:db', db],
      ['i:front', front],
      ['i:many', '90 addresses', '29 addresses'],
      ['i:www.up.test', up],
      ['i:big.up.test', '60 addresses', '30 addresses'],
      ['i:nope', 'none'],
    ],
  },
  'a dead server beside ours': {
    conf: `nameserver 10.42.1.1\n${searched}options timeout:1\n`,
    rows: [
      ['i:db', db],
      ['6:db', 'none'],
      ['i:www.up.test', up],
      ['i:nope', 'none'],
      ['i:db.web.rancher.internal', db],
      ['i:nx.up.test', 'none'],
    ],
  },
};

const folder = mkdtempSync('/tmp/colook-');
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program in the container with this resolv.conf; `ip netns exec` has given it mounts of its own. */
function inContainer(bed: Bed, conf: string, program: string, args: readonly string[]): string {
  const path = `${folder}/resolv.conf`;
  writeFileSync(path, conf);
  const script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
  return exec(bed.container, 'sh', ['-c', script, path, program, ...args]);
}

/** A list of more than three addresses as its length; others sorted. */
function shown(found: readonly string[]): string {
  return found.length > 3 ? `${new Set(found).size} addresses` : [...found].sort().join(' ');
}

function build(compiler: string, ...flags: string[]): string {
  const source = fileURLToPath(new URL('../../fakes/lookup.c', import.meta.url));
  const program = `${folder}/lookup-${compiler}`;
  execFileSync(compiler, [...flags, '-O', '-o', program, source], { stdio: 'pipe' });
  return program;
}

t.test('sixty patterns through two resolvers', async (t) => {
  const bed = makeBed(t, 'dns: { upstreams: [198.51.100.2] }\n');
  await startUpstream(t, bed.outside, 53);
  const metadata = await startFakeMetadata(bed.metadataSocket, hostId, objects);
  t.teardown(() => metadata.close());
  await startDns(t, bed);
  await until(30_000, 'names are current', async () => (await condition(bed, 'metadata'))?.ok);
  const all = Object.values(tables).flatMap(({ rows }) => rows);
  t.equal(all.length, 60);

  for (const [library, program] of [
    ['glibc', build('gcc')],
    ['musl', build('musl-gcc', '-static')],
  ] as const) {
    for (const [what, { conf, rows }] of Object.entries(tables)) {
      const lines = inContainer(
        bed,
        conf,
        program,
        rows.map(([asked]) => asked),
      )
        .trimEnd()
        .split('\n');
      const got = lines.map((line) => line.split(' ')).map(([asked, , ...found]) => `${asked} ${shown(found)}`);
      const want = rows.map(([asked, usual, musl]) => `${asked} ${(library === 'musl' && musl) || usual}`);
      t.same(got, want, `${library}: ${what}`);
      // musl asks again for five seconds when it is told SERVFAIL.
      const slow = lines.filter((line) => Number(line.split(' ')[1]) >= 4_000 && !line.endsWith(' again'));
      t.same(slow, [], `${library}: ${what}: nothing stalls for the five seconds of a lost question`);
    }
  }

  await t.test('getent and busybox', async (t) => {
    t.match(inContainer(bed, searched, 'getent', ['ahostsv4', 'mydb']), /^10\.42\.1\.9 +STREAM/);
    t.match(inContainer(bed, searched, 'getent', ['hosts', '10.42.1.9']), /^10\.42\.1\.9 +db-1\.rancher\.internal/);
    const looked = inContainer(bed, searched, 'busybox', ['nslookup', 'front.web.rancher.internal']);
    t.same([...looked.matchAll(/^Address: (10\.\S+)/gm)].map(([, address]) => address).sort(), front.split(' '));
    t.notMatch(looked, /can't find/);
    t.match(inContainer(bed, searched, 'busybox', ['nslookup', '10.42.1.9']), /name = db-1\.rancher\.internal/);
  });
});
