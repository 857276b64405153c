// F21: services that link to each other in a circle, a chain of a thousand, ten thousand names. Answers come as usual, the circle
// is named once in the log, and asking costs no more than for other names.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { startFakeMetadata } from '../fakes/metadata-watch.ts';
import { condition, dig, makeBed, metric, serviceAddress, startDns, startIn } from '../netns/dns/support/bed.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { container, hostId, service } from '../unit/dns/support/objects.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

const mostMs = 5;
const links = (target: string) => ({ serviceKind: 'dnsService', links: { [target]: '' } });

const circle = ['c0ring', 'c0ring2', 'c0ring3'];
const objects = [
  container('c0', { ips: ['10.42.2.1'] }),
  service('web/c0real', { containerIds: ['c0'] }),
  ...circle.map((name, at) => service(`web/${name}`, links(`web/${circle[(at + 1) % circle.length]}`))),
  service('web/exta', { serviceKind: 'externalService', hostname: 'extb.web.rancher.internal' }),
  service('web/extb', { serviceKind: 'externalService', hostname: 'exta.web.rancher.internal' }),
  ...Array.from({ length: 1_000 }, (_, at) =>
    service(`web/chain${at}`, links(at === 999 ? 'web/c0real' : `web/chain${at + 1}`)),
  ),
  ...Array.from({ length: 10_000 }, (_, at) =>
    container(`c${at + 1}`, { ips: [`10.42.${3 + (at >> 8)}.${at & 255}`] }),
  ),
];

t.test('F21: circles and chains of aliases among 10,000 names', { timeout: 120_000 }, async (t) => {
  const bed = makeBed(t, 'dns: { upstreams: [198.51.100.2] }\n');
  const metadata = await startFakeMetadata(bed.metadataSocket, hostId, objects);
  t.teardown(() => metadata.close());
  const dns = await startDns(t, bed);
  await until(20_000, 'names are current', async () => (await condition(bed, 'metadata'))?.ok);

  t.match(await dig(bed.container, 'c0ring.web.rancher.internal'), { status: 'NOERROR', answers: [] });
  t.equal((await dig(bed.container, 'exta.web.rancher.internal')).status, 'NOERROR');
  const nearEnd = await dig(bed.container, 'chain999.web.rancher.internal');
  t.same(nearEnd.answers, ['chain999.web.rancher.internal. 1 A 10.42.2.1']);
  t.match(await dig(bed.container, 'chain0.web.rancher.internal'), { status: 'NOERROR', answers: [] }, 'cut, not hung');

  const warnings = (): string[] =>
    dns
      .output()
      .split('\n')
      .filter((line) => /"event":"dns\.(links\.cut|aliases\.loop)"/.test(line));
  const named = warnings().find((line) =>
    circle.every((name) => line.includes(`${name}.web`) || line.includes(`web/${name}`)),
  );
  t.ok(named, 'the warning names the members of the circle');
  t.match(named, /"level":"warn"/);
  t.ok(
    warnings().some((line) => line.includes('exta.web.rancher.internal') && line.includes('extb.web.rancher.internal')),
  );

  const told = warnings().length;
  for (const suffix of ['.rancher.internal', '.web.rancher.internal']) {
    const before = cpuSeconds(dns.child.pid!);
    const asker = startIn(t, bed.container, ['test/fakes/dns-asker.ts', serviceAddress, '500', '4', '10000', suffix]);
    const done = JSON.parse(await until(30_000, 'asked', () => /^done (.*)$/m.exec(asker.output())?.[1]));
    const cpu = cpuSeconds(dns.child.pid!) - before;
    t.comment(`c<n>${suffix}: ${JSON.stringify(done)}, ${cpu.toFixed(2)} s of processor time`);
    t.equal(done.answered, done.asked);
    t.ok(done.p50 <= mostMs, `p50 ${done.p50.toFixed(2)} ms`);
  }
  const cost = await costOf('ring.web.rancher.internal');
  const usual = await costOf('real.web.rancher.internal');
  t.comment(
    `2,000 questions for a name of the circle took ${cost.toFixed(2)} s, for another name ${usual.toFixed(2)} s`,
  );
  t.ok(cost < usual + 0.5);
  t.equal(warnings().length, told, 'told once');
  t.ok((await metric(bed, 'corral_dns_names', '')) > 11_000);

  /** Processor time of 2,000 questions for the name `c0` and this ending. */
  async function costOf(ending: string): Promise<number> {
    const before = cpuSeconds(dns.child.pid!);
    const asker = startIn(t, bed.container, ['test/fakes/dns-asker.ts', serviceAddress, '1000', '2', '1', ending]);
    await until(20_000, 'asked', () => asker.output().includes('done'));
    return cpuSeconds(dns.child.pid!) - before;
  }
});

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
