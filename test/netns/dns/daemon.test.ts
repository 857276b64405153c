// The real daemon, asked with dig from a container's namespace.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { startFakeMetadata } from '../../fakes/metadata-watch.ts';
import { container, hostId, service } from '../../unit/dns/support/objects.ts';
import { watchLateness } from '../support/lateness.ts';
import { exec, isRoot, until } from '../support/namespaces.ts';
import { condition, dig, makeBed, metric, ready, resolve, startDns, startUpstream } from './support/bed.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

const objects = [
  container('front-1', { ips: ['10.42.1.5'], stackName: 'web', serviceId: 'web/front', serviceName: 'front' }),
  container('front-2', { ips: ['10.42.2.7'], hostId: 'elsewhere' }),
  container('db-1', { ips: ['10.42.1.9'] }),
  ...Array.from({ length: 90 }, (_, at) => container(`many-${at}`, { ips: [`10.42.3.${at}`] })),
  service('web/front', { containerIds: ['front-1', 'front-2'], links: { 'web/db': 'mydb' } }),
  service('web/db', { containerIds: ['db-1'] }),
  service('web/ext', { serviceKind: 'externalService', hostname: 'www.up.test' }),
  service('web/many', { containerIds: Array.from({ length: 90 }, (_, at) => `many-${at}`) }),
];

const lateness = watchLateness(t);
const upstreams = (...list: string[]): string => `dns: { upstreams: [${list.join(', ')}] }\n`;

t.test('names, search, truncation, forwarding, and a life without metadata', async (t) => {
  const bed = makeBed(t, upstreams('198.51.100.2:5301', '198.51.100.2'));
  await startUpstream(t, bed.outside, 5301, 'mute');
  const upstream = await startUpstream(t, bed.outside, 53);
  const metadata = await startFakeMetadata(bed.metadataSocket, hostId, objects);
  t.teardown(() => metadata.close());
  const dns = await startDns(t, bed);
  await until(30_000, 'names are current', async () => (await condition(bed, 'metadata'))?.ok);
  const ask = (...args: string[]) => dig(bed.container, ...args);

  await t.test('names of the zone, over both transports, with and without EDNS', async (t) => {
    for (const extra of [[], ['+tcp'], ['+noedns'], ['+tcp', '+noedns']]) {
      const found = await ask('fRont.Web.rancher.internal', ...extra);
      t.match(found, { status: 'NOERROR', flags: 'qr aa rd ra', edns: !extra.includes('+noedns') }, String(extra));
      t.same(found.answers, ['fRont.Web.rancher.internal. 1 A 10.42.1.5', 'fRont.Web.rancher.internal. 1 A 10.42.2.7']);
      t.equal(found.question, ';fRont.Web.rancher.internal. IN A');
    }
  });

  await t.test('nothing there is NODATA, no such name is NXDOMAIN, both with SOA', async (t) => {
    for (const [name, type, status] of [
      ['front.web.rancher.internal', 'AAAA', 'NOERROR'],
      ['web.rancher.internal', 'A', 'NOERROR'],
      ['rancher.internal', 'A', 'NOERROR'],
      ['nope.web.rancher.internal', 'A', 'NXDOMAIN'],
    ] as const) {
      const found = await ask(name, type);
      t.match(found, { status, answers: [], flags: 'qr aa rd ra' }, name);
      t.match(found.authority[0], /^rancher\.internal\. 1 SOA rancher-metadata\.rancher\.internal\. hostmaster/, name);
    }
  });

  await t.test('the container is told apart: short names, links, reverse names', async (t) => {
    t.same((await ask('db')).answers, ['db. 1 A 10.42.1.9']);
    t.same((await ask('mydb')).answers, ['mydb. 1 A 10.42.1.9']);
    t.same((await ask('db.web')).answers, ['db.web. 1 A 10.42.1.9']);
    t.equal((await dig(bed.host, 'mydb')).status, 'NXDOMAIN');
    t.same((await ask('-x', '10.42.1.9')).answers, ['9.1.42.10.in-addr.arpa. 1 PTR db-1.rancher.internal.']);
    t.equal((await ask('-x', '10.42.200.1')).status, 'NXDOMAIN');
    t.same((await ask('rancher-metadata')).answers, ['rancher-metadata. 1 A 169.254.169.250']);
  });

  await t.test('the example of the README', async (t) => {
    const readme = readFileSync(new URL('../../../daemons/dns/README.md', import.meta.url), 'utf8');
    const [, command = '', output = ''] = /```console\n\$ (.*)\n([^`]*)```/.exec(readme) ?? [];
    const [program = '', ...args] = command.split(' ');
    t.equal(exec(bed.container, program, args), output);
  });

  await t.test('what does not fit is cut, and whole over TCP', async (t) => {
    const cut = await ask('many.web.rancher.internal', '+ignore');
    t.match(cut, { flags: 'qr aa tc rd ra' });
    t.ok(cut.answers.length > 20 && cut.answers.length < 90, 'with those that fit');
    t.equal((await ask('many.web.rancher.internal')).answers.length, 90);
  });

  await t.test('the rest is forwarded, past a dead upstream, and kept', async (t) => {
    const first = await ask('www.up.test');
    t.match(first, { status: 'NOERROR', flags: 'qr rd ra' });
    t.same(first.answers, ['www.up.test. 100 A 192.0.2.1', 'www.up.test. 50 A 192.0.2.2']);
    const times = upstream
      .output()
      .split('\n')
      .filter((line) => line.includes('www')).length;
    t.equal((await ask('WWW.up.test')).answers.length, 2);
    t.equal(
      upstream
        .output()
        .split('\n')
        .filter((line) => line.toLowerCase().includes('www')).length,
      times,
      'from the cache',
    );
    t.match(await ask('nx.up.test', 'AAAA'), { status: 'NXDOMAIN', flags: 'qr rd ra' });
    t.equal((await ask('servfail.up.test')).status, 'SERVFAIL');
    t.same(
      (await ask('forged.up.test')).answers,
      ['forged.up.test. 100 A 192.0.2.7'],
      'a wrong id and a wrong question are ignored',
    );
    t.same(
      (await ask('slow.up.test')).answers,
      ['slow.up.test. 100 A 192.0.2.7'],
      'a late answer of the first try counts',
    );
    t.equal((await ask('big.up.test')).answers.length, 60, 'cut upstream, whole here');
    const outside = await ask('ext.web.rancher.internal');
    t.match(outside, { status: 'NOERROR', flags: 'qr aa rd ra' });
    t.match(
      outside.answers.join('; '),
      /^ext\.web\.rancher\.internal\. 1 CNAME www\.up\.test\.; www\.up\.test\. \d+ A/,
    );
    t.equal(outside.answers.length, 3);
    lateness();
    const silent = await ask('silent.up.test');
    t.equal(silent.status, 'SERVFAIL');
    t.ok(silent.ms <= 2_000 + lateness(), `answered after ${Math.round(silent.ms)} ms`);
  });

  await t.test('a neighbour gets no answer, the container beside it does', async (t) => {
    exec(bed.host, 'sysctl', ['-qw', 'net.ipv4.conf.lan.rp_filter=0']);
    for (const extra of ['+tcp', '+notcp']) {
      t.equal((await dig(bed.neighbour, 'front.web.rancher.internal', extra, '+time=1')).status, '', extra);
    }
    t.ok((await metric(bed, 'corral_dns_dropped_total', 'reason="caller"')) >= 2, 'they did arrive');
    t.equal((await ask('front.web.rancher.internal')).status, 'NOERROR');
  });

  await t.test('the resolve route answers as to that client', async (t) => {
    t.match(await resolve(bed, 'name=db&from=10.42.1.5'), {
      name: 'db',
      type: 'A',
      rcode: 'NOERROR',
      source: 'search',
      answers: [{ name: 'db', type: 'A', ttl: 1, data: '10.42.1.9' }],
    });
    t.match(await resolve(bed, 'name=www.up.test.'), { rcode: 'NOERROR', source: 'cache' });
    t.match(await resolve(bed, 'name=mydb&from=10.42.1.5&trace=1'), {
      source: 'search',
      steps: [
        'asked from 10.42.1.5, the container front-1; suffixes: web.rancher.internal, front.web.rancher.internal, rancher.internal',
        'db.web.rancher.internal: metadata has it',
        'mydb.web.rancher.internal: a link of the client to db.web.rancher.internal',
      ],
    });
    const corral = fileURLToPath(new URL('../../../daemons/supervisor/cli/main.ts', import.meta.url));
    const asked = ['resolve', 'mydb', '--from', '10.42.1.5', '--trace'];
    const told = exec(bed.host, 'env', [`CORRAL_ROOT=${bed.root}`, process.execPath, corral, ...asked]);
    t.match(
      told,
      /^ 1\. asked from 10\.42\.1\.5, the container front-1.*\n[\s\S]* 4\. answered: NOERROR \(search\)\n\nmydb .*10\.42\.1\.9\n$/,
    );
    const { steps } = (await resolve(bed, 'name=www.up.test&trace=1')) as { steps: string[] };
    t.match(steps.at(-1), /^the cache has it, \d+ s old$/);
    await t.rejects(resolve(bed, 'name=&type=A'), { code: 'USAGE' });
    await t.rejects(resolve(bed, 'name=a&type=NONE'), { code: 'USAGE' });
  });

  await t.test('a change is seen; without metadata the last names stay', async (t) => {
    metadata.change([container('db-1', { ips: ['10.42.1.10'] })]);
    await until(30_000, 'the new address', async () => (await ask('db')).answers[0]?.endsWith('10.42.1.10'));
    metadata.change([], ['container/front-2']);
    await until(30_000, 'one left', async () => (await ask('front.web.rancher.internal')).answers.length === 1);
    await metadata.close();
    await until(30_000, 'degraded', async () => (await ready(bed))?.state === 'degraded');
    t.same((await ask('db')).answers, ['db. 1 A 10.42.1.10']);
    t.equal((await ask('nope.rancher.internal')).status, 'NXDOMAIN');
  });

  await t.test('killed and started again it answers, and writes nothing that was there', async (t) => {
    const again = await startFakeMetadata(bed.metadataSocket, hostId, objects, 50);
    t.teardown(() => again.close());
    await dns.kill('SIGKILL');
    await startDns(t, bed);
    await until(30_000, 'the name', async () => (await ask('db')).status === 'NOERROR');
    t.equal(exec(bed.host, 'ip', ['-o', 'addr', 'show', 'dev', 'lo']).match(/169\.254\.169\.250/g)?.length, 1);
  });
  t.notMatch(dns.output(), /"level":"(error|fatal)"/);
});
