// What goes wrong around the daemon: the port is taken, metadata is late, the upstream leads back, clients misbehave over TCP.
import t from 'tap';
import { startFakeMetadata } from '../../fakes/metadata-watch.ts';
import { container, hostId } from '../../unit/dns/support/objects.ts';
import { watchLateness } from '../support/lateness.ts';
import { isRoot, until } from '../support/namespaces.ts';
import { condition, dig, makeBed, ready, startDns, startIn, startUpstream } from './support/bed.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

const lateness = watchLateness(t);
const names = [container('db-1', { ips: ['10.42.1.9'] })];

t.test('a taken port is told with a remedy, and taken over when it is free', async (t) => {
  const bed = makeBed(t, 'dns: { upstreams: [198.51.100.2] }\n');
  const squatter = startIn(t, bed.host, ['test/fakes/dns-upstream.ts', '0.0.0.0', '53', 'mute']);
  await until(30_000, 'the squatter is there', () => squatter.output().includes('ready'));
  startIn(t, bed.host, ['daemons/dns/main.ts'], { CORRAL_ROOT: bed.root });
  const taken = await until(30_000, 'the condition', async () => {
    const state = await condition(bed, 'listener');
    return state?.code === 'PORT_TAKEN' ? state : undefined;
  });
  t.match(taken.text, /169\.254\.169\.250:53.*ss -lntup/);
  t.equal((await ready(bed))?.state, 'unready');
  await squatter.kill('SIGKILL');
  await until(30_000, 'the port is ours', async () => (await condition(bed, 'listener'))?.ok);
  t.equal((await dig(bed.host, 'rancher-metadata.rancher.internal')).status, 'NOERROR');
});

t.test('before the first snapshot nothing is denied; a question waits for it', async (t) => {
  const bed = makeBed(t, 'dns: { upstreams: [198.51.100.2] }\n');
  await startDns(t, bed);
  const early = await dig(bed.container, 'db-1.rancher.internal');
  t.match(early, { status: 'NOERROR', answers: [] }, 'no record, never "no such name" and never SERVFAIL');
  t.match(early.authority[0], / 0 SOA .* 0$/, 'and nobody may keep it');
  t.equal((await ready(bed))?.state, 'degraded');
  const asking = dig(bed.container, 'db-1.rancher.internal');
  const metadata = await startFakeMetadata(bed.metadataSocket, hostId, names);
  t.teardown(() => metadata.close());
  const first = await asking;
  if (first.answers.length === 0) t.comment('the snapshot came later than the question could wait');
  await until(30_000, 'the name', async () => (await dig(bed.container, 'db-1.rancher.internal')).answers.length === 1);
});

t.test('an upstream that leads back to us is found and left alone', async (t) => {
  const bed = makeBed(t, 'dns: { upstreams: ["127.0.0.1:5300", "198.51.100.2"] }\n');
  await startUpstream(t, bed.outside, 53);
  const mirror = startIn(t, bed.host, ['test/fakes/dns-mirror.ts', '5300', '169.254.169.250']);
  await until(30_000, 'the mirror is ready', () => mirror.output().includes('ready'));
  await startDns(t, bed);
  const told = await until(30_000, 'the loop is told', async () => {
    const state = await condition(bed, 'upstreams');
    return state?.text.includes('leads back') ? state : undefined;
  });
  t.match(told.text, /127\.0\.0\.1:5300/);
  t.equal((await dig(bed.container, 'www.up.test')).answers.length, 2);
  t.notMatch(mirror.output(), /www\.up\.test/);
});

t.test('upstreams that are all dead degrade, local names stay quick', async (t) => {
  const bed = makeBed(t, 'dns: { upstreams: ["198.51.100.2:5301"] }\n');
  await startUpstream(t, bed.outside, 5301, 'mute');
  const metadata = await startFakeMetadata(bed.metadataSocket, hostId, names);
  t.teardown(() => metadata.close());
  await startDns(t, bed);
  lateness();
  const [dead, local] = await Promise.all([
    dig(bed.container, 'www.up.test'),
    dig(bed.container, 'db-1.rancher.internal'),
  ]);
  t.equal(dead.status, 'SERVFAIL');
  t.equal(local.status, 'NOERROR');
  const late = lateness();
  t.ok(dead.ms <= 2_000 + late, `${Math.round(dead.ms)} ms`);
  t.ok(local.ms <= 200 + late, `${Math.round(local.ms)} ms`);
  const state = await until(30_000, 'degraded', async () => {
    const report = await ready(bed);
    return report?.state === 'degraded' ? report : undefined;
  });
  t.match(state.conditions.find((one) => one.name === 'upstreams')?.text, /no upstream answers/);
});

t.test('TCP: single bytes, several questions at once, half-close, silence beside work', async (t) => {
  const bed = makeBed(t, 'dns: { upstreams: [198.51.100.2] }\n');
  const metadata = await startFakeMetadata(bed.metadataSocket, hostId, names);
  t.teardown(() => metadata.close());
  await startDns(t, bed);
  await until(30_000, 'names are current', async () => (await condition(bed, 'metadata'))?.ok);
  const probe = startIn(t, bed.host, ['test/fakes/dns-tcp-client.ts', '169.254.169.250']);
  const done = await until(15_000, 'the client is done', () => /^done (.*)$/m.exec(probe.output())?.[1]);
  t.same(JSON.parse(done), {
    bytewise: 1,
    pipelined: 100,
    halfClosed: 1,
    silentBeside: 1,
    zeroLength: 0,
    silentClosedMs: true,
  });
});
