// IPv6: names with addresses of that family, and the service's own address of it where a network has IPv6.
import t from 'tap';
import { startFakeMetadata } from '../../fakes/metadata-watch.ts';
import { container, hostId } from '../../unit/dns/support/objects.ts';
import { exec, isRoot, until } from '../support/namespaces.ts';
import { condition, dig, makeBed, metric, startDns } from './support/bed.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

const six = '@fd00:a9fe:a9fe::250';
const network = '{ name: corral, subnet: 10.42.0.0/16, subnet6: "fd00:42::/48", default: true }';

t.test('asked over IPv6, by its own containers alone', async (t) => {
  const bed = makeBed(t, `dns: { upstreams: [198.51.100.2] }\nnetworks: [ ${network} ]\n`);
  const add = (ns: typeof bed.host, address: string, device: string): void =>
    void exec(ns, 'ip', ['addr', 'add', address, 'dev', device, 'nodad']);
  add(bed.host, 'fd00:42:0:1::1/64', 'corral0');
  add(bed.container, 'fd00:42:0:1::5/64', 'eth0');
  exec(bed.container, 'ip', ['route', 'add', 'default', 'via', 'fd00:42:0:1::1']);
  add(bed.host, 'fd00:99::1/64', 'lan');
  add(bed.neighbour, 'fd00:99::2/64', 'lan');
  exec(bed.neighbour, 'ip', ['route', 'add', 'fd00:a9fe:a9fe::250', 'via', 'fd00:99::1']);
  const metadata = await startFakeMetadata(bed.metadataSocket, hostId, [
    container('me', { ips: ['10.42.1.5', 'fd00:42:0:1::5'], dnsSearch: ['near.rancher.internal'] }),
    container('db.near', { ips: ['fd00:42:0:1::9'] }),
  ]);
  t.teardown(() => metadata.close());
  const dns = await startDns(t, bed);
  await until(30_000, 'it listens over IPv6', async () => (await condition(bed, 'listener6'))?.ok);
  await until(10_000, 'names are current', async () => (await condition(bed, 'metadata'))?.ok);
  const name = 'me.rancher.internal';
  for (const extra of ['+notcp', '+tcp']) {
    const found = await dig(bed.container, six, extra, name, 'AAAA');
    t.same([found.status, found.answers], ['NOERROR', [`${name}. 1 AAAA fd00:42:0:1::5`]], extra);
  }
  t.same((await dig(bed.container, six, name, 'A')).answers, [`${name}. 1 A 10.42.1.5`]);
  t.same((await dig(bed.container, name, 'AAAA')).answers, [`${name}. 1 AAAA fd00:42:0:1::5`], 'over IPv4 too');
  const reverse = await dig(bed.container, '-x', 'fd00:42:0:1::9');
  t.match(reverse.answers[0], / PTR db\.near\.rancher\.internal\.$/);
  t.equal((await dig(bed.container, '-x', 'fd00:42:0:1::77')).status, 'NXDOMAIN', 'never asked outside');
  for (const extra of ['+notcp', '+tcp']) {
    t.equal((await dig(bed.neighbour, six, name, extra, '+time=1')).status, '', 'a neighbour gets no answer');
  }
  t.ok((await metric(bed, 'corral_dns_dropped_total', 'reason="caller"')) >= 2, 'though its questions did arrive');
  t.equal(exec(bed.host, 'ip', ['-o', '-6', 'addr', 'show', 'dev', 'lo']).match(/fd00:a9fe/g)?.length, 1);
  t.notMatch(dns.output(), /"level":"(error|fatal)"/);
});

t.test('without such a network there is no such address', async (t) => {
  const bed = makeBed(t, 'dns: { upstreams: [198.51.100.2] }\n');
  await startDns(t, bed);
  t.equal(await condition(bed, 'listener6'), undefined);
  t.notMatch(exec(bed.host, 'ip', ['-6', 'addr', 'show', 'dev', 'lo']), /fd00:a9fe/);
});
