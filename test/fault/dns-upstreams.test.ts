// Fault 13: upstreams that are dead, slow, lying, cut short, or lead back to us. Whatever they do, a question is settled within
// two seconds (a stub resolver gives up after five) and local names do not notice. The figures are printed.
import t from 'tap';
import { startFakeMetadata } from '../fakes/metadata-watch.ts';
import {
  type Bed,
  condition,
  type Dug,
  dig,
  makeBed,
  metric,
  type Running,
  startDns,
  startIn,
  startUpstream,
} from '../netns/dns/support/bed.ts';
import { watchLateness } from '../netns/support/lateness.ts';
import { isRoot, type TestScope, until } from '../netns/support/namespaces.ts';
import { container, hostId } from '../unit/dns/support/objects.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

/** What is promised. */
const promisedMs = 2_000;
const lateness = watchLateness(t);

/** A host with names of its own, and DNS with these settings; upstreams must be there before. */
async function begin(t: TestScope, bed: Bed): Promise<Running> {
  const metadata = await startFakeMetadata(bed.metadataSocket, hostId, [container('db-1', { ips: ['10.42.1.9'] })]);
  t.teardown(() => metadata.close());
  const running = await startDns(t, bed);
  await until(5_000, 'names are current', async () => (await condition(bed, 'metadata'))?.ok);
  // What building the namespaces took does not count.
  lateness();
  return running;
}

async function askInTurn(bed: Bed, names: readonly string[]): Promise<Dug[]> {
  const all: Dug[] = [];
  for (const name of names) all.push(await dig(bed.container, name));
  return all;
}

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `www.${prefix}${at}.up.test`);

/** Two seconds, and what the machine was late by meanwhile; the figures tell both. */
function inTime(
  t: Pick<typeof import('tap').t, 'ok' | 'comment'>,
  times: readonly number[],
  mostMs = promisedMs,
): void {
  const late = lateness();
  const worst = Math.max(...times);
  t.comment(`worst ${Math.round(worst)} ms of ${mostMs} ms; the machine: ${Math.round(late)} ms`);
  t.ok(worst <= mostMs + late);
}

function figures(all: readonly Dug[]): string {
  const times = all.map(({ ms }) => Math.round(ms)).sort((a, b) => a - b);
  return `${all.length} questions: median ${times[times.length >> 1]} ms, worst ${times.at(-1)} ms`;
}

t.test('the first is dead: two questions notice, the others do not', async (t) => {
  const bed = makeBed(t, 'dns: { upstreams: ["198.51.100.2:5301", "198.51.100.2"] }\n');
  await startUpstream(t, bed.outside, 5301, 'mute');
  await startUpstream(t, bed.outside, 53);
  await begin(t, bed);
  const all = await askInTurn(bed, names('a', 12));
  t.comment(`dead first upstream, ${figures(all)}`);
  t.same(new Set(all.map(({ status }) => status)), new Set(['NOERROR']));
  inTime(
    t,
    all.map(({ ms }) => ms),
  );
  t.ok(all.filter(({ ms }) => ms >= 600).length <= 3, 'asked last from then on');
});

t.test('all are dead: SERVFAIL in time, beyond the cap REFUSED, local names as ever', async (t) => {
  const bed = makeBed(t, 'dns: { upstreams: ["198.51.100.2:5301"] }\n');
  await startUpstream(t, bed.outside, 5301, 'mute');
  await begin(t, bed);
  const [dead, near] = await Promise.all([
    Promise.all(names('b', 8).map((name) => dig(bed.container, name))),
    askInTurn(bed, Array(8).fill('db-1.rancher.internal')),
  ]);
  t.comment(`no upstream, ${figures(dead)}; local names meanwhile, ${figures(near)}`);
  t.same(new Set(dead.map(({ status }) => status)), new Set(['SERVFAIL']));
  t.ok(near.every(({ status }) => status === 'NOERROR'));
  // Local names do not notice: what dig needs to start is most of it.
  const local = Math.max(...near.map(({ ms }) => ms));
  const late = lateness();
  t.ok(local <= 200 + late, `${Math.round(local)} ms, the machine ${Math.round(late)} ms`);
  t.ok(Math.max(...dead.map(({ ms }) => ms)) <= promisedMs + late);
  lateness();
  const flood = startIn(t, bed.host, ['test/fakes/dns-flood.ts', '169.254.169.250', '600']);
  const counted = await until(10_000, 'all are answered', () => /^done (.*)$/m.exec(flood.output())?.[1]);
  const { rcodes, worstMs } = JSON.parse(counted) as { rcodes: Record<string, number>; worstMs: number };
  t.comment(`600 different questions at once: ${counted}`);
  t.equal((rcodes[2] ?? 0) + (rcodes[5] ?? 0), 600, 'SERVFAIL or REFUSED, none without an answer');
  t.ok((rcodes[2] ?? 0) <= 256, 'no more than the cap were passed on');
  inTime(t, [worstMs], 2 * promisedMs);
});

t.test('slow, lying, cut short', async (t) => {
  const bed = makeBed(t, 'dns: { upstreams: [198.51.100.2] }\n');
  const upstream = await startUpstream(t, bed.outside, 53);
  await begin(t, bed);
  const slow = await dig(bed.container, 'slow.up.test');
  t.same(slow.answers, ['slow.up.test. 100 A 192.0.2.7'], 'a late answer counts');
  const forged = await dig(bed.container, 'forged.up.test');
  t.same(forged.answers, ['forged.up.test. 100 A 192.0.2.7'], 'a wrong id and a wrong question do not');
  t.equal(await metric(bed, 'corral_dns_dropped_total', 'reason="mismatch"'), 2);
  t.equal((await dig(bed.container, 'big.up.test')).answers.length, 60, 'cut: whole over TCP');
  t.match(upstream.output(), /^tcp big\.up\.test$/m);
  const cutoff = await dig(bed.container, 'cutoff.up.test');
  t.equal(cutoff.status, 'SERVFAIL', 'cut, and TCP is silent');
  inTime(
    t,
    [slow, forged, cutoff].map(({ ms }) => ms),
  );
  t.comment(`slow ${Math.round(slow.ms)} ms, forged ${Math.round(forged.ms)} ms, cut off ${Math.round(cutoff.ms)} ms`);
});

t.test('what was known is given out while nobody answers, and fresh again afterwards', async (t) => {
  const bed = makeBed(t, 'dns: { upstreams: [198.51.100.2] }\n');
  const upstream = await startUpstream(t, bed.outside, 53);
  await begin(t, bed);
  t.same((await dig(bed.container, 'brief.up.test')).answers, ['brief.up.test. 2 A 192.0.2.9']);
  await upstream.kill('SIGKILL');
  const stale = await until(6_000, 'the reply has ended', async () => {
    const found = await dig(bed.container, 'brief.up.test');
    return found.answers[0]?.includes(' 30 A ') ? found : undefined;
  });
  t.same(stale.answers, ['brief.up.test. 30 A 192.0.2.9']);
  const again = await dig(bed.container, 'brief.up.test');
  inTime(t, [again.ms], 500);
  t.equal((await dig(bed.container, 'other.up.test')).status, 'SERVFAIL', 'what was not known is not made up');
  t.comment(`stale: first ${Math.round(stale.ms)} ms, then ${Math.round(again.ms)} ms`);
});

t.test('domains have upstreams of their own, and our names are never passed on', async (t) => {
  const bed = makeBed(
    t,
    'dns: { upstreams: [198.51.100.2], forward: { up.test: ["198.51.100.2:5302"], rancher.internal: ["198.51.100.2:5302"] } }\n',
  );
  const common = await startUpstream(t, bed.outside, 53);
  const corp = await startUpstream(t, bed.outside, 5302);
  await begin(t, bed);
  t.equal((await dig(bed.container, 'www.up.test')).answers.length, 2);
  await dig(bed.container, 'www.example.org');
  await dig(bed.container, 'nope.rancher.internal');
  await dig(bed.container, '-x', '10.42.9.9');
  t.match(corp.output(), /www\.up\.test/);
  t.notMatch(common.output(), /up\.test/);
  t.match(common.output(), /www\.example\.org/);
  t.notMatch(corp.output() + common.output(), /rancher\.internal|in-addr/);
});

t.test('an upstream begins to lead back to us: found within seconds, never multiplied', async (t) => {
  const bed = makeBed(t, 'dns: { upstreams: ["127.0.0.1:5300", "198.51.100.2"] }\n');
  await startUpstream(t, bed.outside, 53);
  const good = startIn(t, bed.host, ['test/fakes/dns-upstream.ts', '127.0.0.1', '5300']);
  await until(5_000, 'the local resolver is ready', () => good.output().includes('ready'));
  await begin(t, bed);
  t.equal((await dig(bed.container, 'www.up.test')).answers.length, 2);
  t.ok((await condition(bed, 'upstreams'))?.ok);
  await good.kill('SIGKILL');
  const mirror = startIn(t, bed.host, ['test/fakes/dns-mirror.ts', '5300', '169.254.169.250']);
  await until(5_000, 'the mirror is ready', () => mirror.output().includes('ready'));
  const begun = performance.now();
  const all: Dug[] = [];
  await until(20_000, 'the loop is told', async () => {
    all.push(await dig(bed.container, `www.c${all.length}.up.test`));
    return (await condition(bed, 'upstreams'))?.text.includes('leads back');
  });
  t.comment(`a loop formed: told after ${Math.round(performance.now() - begun)} ms, meanwhile ${figures(all)}`);
  t.ok(all.every(({ status }) => status === 'NOERROR'));
  inTime(
    t,
    all.map(({ ms }) => ms),
  );
  const passes = mirror.output().split('\n').length;
  t.ok(passes < 8 * all.length, `${passes} questions went through the mirror`);
  t.equal((await dig(bed.container, 'www.after.up.test')).answers.length, 2);
  t.notMatch(mirror.output(), /www\.after/, 'and it is no longer asked');
});
