// What a change costs the running daemon: exactly the kept replies that were made from what changed, no others.
import t from 'tap';
import { startFakeMetadata } from '../../fakes/metadata-watch.ts';
import { container, host, hostId, otherHost, service } from '../../unit/dns/support/objects.ts';
import { isRoot, until } from '../support/namespaces.ts';
import { condition, dig, makeBed, metric, startDns } from './support/bed.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

const zone = 'rancher.internal';
const near = (at: number, last = at) => container(`c${at}`, { ips: [`10.42.2.${last}`] });
const far = container('far', { ips: ['10.42.3.1'], hostId: otherHost });
const objects = [
  ...Array.from({ length: 12 }, (_, at) => near(at + 1)),
  far,
  host(otherHost),
  service('s/web', { containerIds: ['c1', 'far'] }),
  service('s/alias', { serviceKind: 'dnsService', links: { 's/web': '' } }),
];

t.test('evictions per change', async (t) => {
  const bed = makeBed(t, 'dns: { upstreams: [198.51.100.2] }\n');
  const metadata = await startFakeMetadata(bed.metadataSocket, hostId, objects);
  t.teardown(() => metadata.close());
  await startDns(t, bed);
  await until(30_000, 'names are current', async () => (await condition(bed, 'metadata'))?.ok);
  const names = [...Array.from({ length: 12 }, (_, at) => `c${at + 1}`), 'far', 'web.s', 'alias.s', 'nope'];
  const kept = () => metric(bed, 'corral_dns_hot_entries', '');
  const evicted = () => metric(bed, 'corral_dns_hot_evicted', '');
  /** Asks for all names until a worker keeps each; "no such name" is kept for a while only, so it may come and go. */
  const askAll = (): Promise<unknown> =>
    until(30_000, 'all are kept', async () => {
      for (const name of names) await dig(bed.container, `${name}.${zone}`);
      return (await kept()) >= names.length;
    });
  await askAll();
  const change = async (wanted: number, why: string, ...put: Parameters<typeof metadata.change>): Promise<void> => {
    const before = await evicted();
    metadata.change(...put);
    await until(30_000, `${why}: ${wanted} evictions`, async () => (await evicted()) - before >= wanted);
    await askAll();
    t.equal((await evicted()) - before, wanted, why);
  };
  await change(1, 'one container, one name', [near(7, 107)]);
  await change(3, 'a container, its service, the alias of that', [near(1, 101)]);
  await change(1, 'a name that did not exist', [container('nope', { ips: ['10.42.2.99'] })]);
  await change(3, 'a host that is gone', [host(otherHost, { alive: false })]);
  await change(3, 'and back', [host(otherHost)]);
  const before = await evicted();
  metadata.change([container('unasked', { ips: ['10.42.2.98'] })]);
  await until(30_000, 'it is known', async () => (await dig(bed.container, `unasked.${zone}`)).answers.length === 1);
  t.equal(await evicted(), before, 'a name that nobody asked for');
});
