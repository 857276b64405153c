// The answers file beside metadata, in the real daemon: read, changed, broken, gone; and circles of links in the log.
import { rmSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { startFakeMetadata } from '../../fakes/metadata-watch.ts';
import { container, hostId, service } from '../../unit/dns/support/objects.ts';
import { isRoot, until } from '../support/namespaces.ts';
import { condition, dig, makeBed, ready, resolve, startDns, startUpstream } from './support/bed.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

const objects = [
  container('front-1', { ips: ['10.42.1.5'], stackName: 'web', serviceId: 'web/front', serviceName: 'front' }),
  container('db-1', { ips: ['10.42.1.9'] }),
  service('web/front', { containerIds: ['front-1'] }),
  service('web/db', { containerIds: ['db-1'] }),
  service('web/ring1', { serviceKind: 'dnsService', links: { 'web/ring2': '', 'web/db': '' } }),
  service('web/ring2', { serviceKind: 'dnsService', links: { 'web/ring1': '' } }),
];

const file = (address: string): string => `
default:
  authoritative: [corp.example]
  recurse: ["198.51.100.2:5302"]
  a:
    db.web.rancher.internal.: { answer: [${address}], ttl: 7 }
    www.corp.example.: { answer: [192.0.2.80] }
10.42.1.5:
  cname: { site.rancher.internal.: { answer: www.corp.example. } }
`;

t.test('the answers file', async (t) => {
  const bed = makeBed(t, '');
  const path = `${bed.root}/answers.yaml`;
  writeFileSync(`${bed.root}/etc/corral/corral.yaml`, `dns: { upstreams: [198.51.100.2], answers: ${path} }\n`);
  writeFileSync(path, file('192.0.2.9'));
  const upstream = await startUpstream(t, bed.outside, 5302);
  const metadata = await startFakeMetadata(bed.metadataSocket, hostId, objects);
  t.teardown(() => metadata.close());
  const dns = await startDns(t, bed);
  await until(30_000, 'names are current', async () => (await condition(bed, 'metadata'))?.ok);
  const ask = (...args: string[]) => dig(bed.container, ...args);
  const isNow = (name: string, answer: string): Promise<unknown> =>
    until(30_000, `${name} is ${answer}`, async () => (await ask(name)).answers[0] === `${name}. ${answer}`);

  await t.test('goes before metadata, and is as each client sees it', async (t) => {
    t.same((await ask('db.web.rancher.internal')).answers, ['db.web.rancher.internal. 7 A 192.0.2.9']);
    t.same((await ask('db-1.rancher.internal')).answers, ['db-1.rancher.internal. 1 A 10.42.1.9']);
    t.same((await ask('site')).answers, ['site. 1 CNAME www.corp.example.', 'www.corp.example. 1 A 192.0.2.80']);
    t.equal((await dig(bed.host, 'site.rancher.internal')).status, 'NXDOMAIN');
    t.match(await ask('nope.corp.example'), { status: 'NXDOMAIN', flags: 'qr aa rd ra' });
    t.equal((await ask('www.up.test')).answers.length, 2, 'through the upstream that the file names');
    t.notMatch(upstream.output(), /corp\.example|rancher\.internal/);
    t.match(await resolve(bed, 'name=db.web.rancher.internal&trace=1'), {
      steps: [
        /^asked from/,
        /inside the zone/,
        'db.web.rancher.internal: the common section of the answers file has it',
        /metadata/,
      ],
    });
  });

  await t.test('a change is seen, a broken one is told and changes nothing', async (t) => {
    writeFileSync(path, file('192.0.2.10'));
    await isNow('db.web.rancher.internal', '7 A 192.0.2.10');
    writeFileSync(path, `${file('192.0.2.11')}  broken: {`);
    const told = await until(30_000, 'it is told', async () => {
      const state = await condition(bed, 'answers');
      return state?.ok === false ? state : undefined;
    });
    t.match(told, { code: 'CONFIG_INVALID', text: /the last good answers are served: 3 names/ });
    t.equal((await ready(bed))?.state, 'degraded');
    t.same((await ask('db.web.rancher.internal')).answers, ['db.web.rancher.internal. 7 A 192.0.2.10']);
    rmSync(path);
    await until(30_000, 'it is gone', async () => (await condition(bed, 'answers'))?.code === 'FILE_UNREADABLE');
    t.same((await ask('db.web.rancher.internal')).answers, ['db.web.rancher.internal. 7 A 192.0.2.10']);
    t.equal(dns.output().match(/dns\.answers\.refused/g)?.length, 2, 'one event a fault');
  });

  await t.test('without it metadata alone speaks', async (t) => {
    writeFileSync(path, '{}');
    await isNow('db.web.rancher.internal', '1 A 10.42.1.9');
    t.equal((await ready(bed))?.conditions.find(({ name }) => name === 'answers')?.ok, true);
    writeFileSync(path, file('192.0.2.12'));
    await isNow('db.web.rancher.internal', '7 A 192.0.2.12');
    writeFileSync(`${bed.root}/etc/corral/corral.yaml`, 'dns: { upstreams: [198.51.100.2] }\n');
    dns.child.kill('SIGHUP');
    await isNow('db.web.rancher.internal', '1 A 10.42.1.9');
  });

  await t.test('services that link in a circle are warned of once, with their names', async (t) => {
    for (const name of ['ring1.web', 'ring2.web', 'ring1.web']) {
      t.same((await ask(name)).answers, [`${name}. 1 A 10.42.1.9`]);
    }
    const warnings = dns
      .output()
      .split('\n')
      .filter((line) => line.includes('dns.links.cut'));
    t.equal(warnings.length, 1);
    t.match(warnings[0], /"members":\["ring1\.web\.rancher\.internal","ring2\.web\.rancher\.internal"\]/);
  });
});
