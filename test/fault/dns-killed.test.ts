// F1, the part of DNS: killed under load, started again as the supervisor does.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { startFakeMetadata } from '../fakes/metadata-watch.ts';
import { condition, makeBed, metric, serviceAddress, startDns, startIn } from '../netns/dns/support/bed.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { container, hostId } from '../unit/dns/support/objects.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

const kills = 3;
const longestGapMs = 2_000;
/** Whatever the machine does. */
const hardestGapMs = 10_000;

t.test(
  'F1: kill -9 under load leaves a gap of at most 2 s, and the hot path is back',
  { timeout: 150_000 },
  async (t) => {
    const bed = makeBed(t, 'dns: { upstreams: [198.51.100.2] }\n');
    const names = Array.from({ length: 20 }, (_, at) => container(`c${at}`, { ips: [`10.42.2.${at + 1}`] }));
    const metadata = await startFakeMetadata(bed.metadataSocket, hostId, names);
    t.teardown(() => metadata.close());
    let dns = await startDns(t, bed);
    await until(10_000, 'names are current', async () => (await condition(bed, 'metadata'))?.ok);
    for (let kill = 0; kill < kills; kill += 1) {
      const asker = startIn(t, bed.container, ['test/fakes/dns-asker.ts', serviceAddress, '500', '8', '20']);
      await until(10_000, 'the client asks', () => asker.output().includes('asking'));
      await until(10_000, 'it is answered', async () => (await hits()) > 200);
      await dns.kill('SIGKILL');
      dns = await startDns(t, bed);
      const waited = waitedMs(dns.child.pid!);
      const done = await until(30_000, 'the client is done', () => /^done (.*)$/m.exec(asker.output())?.[1]);
      t.comment(done);
      const result = JSON.parse(done);
      // Not the daemon's: the time that it was ready to run and got no processor.
      t.ok(
        result.longestGapMs - waited <= longestGapMs,
        `${result.longestGapMs} ms, ${waited} of them without processor`,
      );
      t.ok(result.longestGapMs <= hardestGapMs);
      t.equal(result.wrong, 0, 'whatever is answered is right');
      t.ok(result.answered > result.asked / 4, `${result.answered} of ${result.asked} are answered`);
      t.ok((await hits()) > 100, 'by a hot worker');
      const threads = await metric(bed, 'corral_dns_hot_workers', '');
      t.equal(threads, 1);
    }
    t.notMatch(dns.output(), /"level":"(error|fatal)"/);

    async function hits(): Promise<number> {
      return metric(bed, 'corral_dns_hot_hits', '');
    }
  },
);

/** What the process's main thread has waited for a processor since its start (second number of schedstat, in nanoseconds). */
function waitedMs(pid: number): number {
  return Math.round(Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6);
}
