// What keeps others from using the daemon up: rates of guests, forwards at once, connections at once; and the ways to run it.
import t from 'tap';
import { startFakeMetadata } from '../../fakes/metadata-watch.ts';
import { container, hostId } from '../../unit/dns/support/objects.ts';
import { exec, isRoot, type Namespace, type TestScope, until } from '../support/namespaces.ts';
import {
  type Bed,
  condition,
  dig,
  makeBed,
  metric,
  serviceAddress,
  startDns,
  startIn,
  startUpstream,
} from './support/bed.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

const names = [container('x0', { ips: ['10.42.1.9'] })];

async function begin(t: TestScope, dns: string): Promise<{ bed: Bed; daemon: Awaited<ReturnType<typeof startDns>> }> {
  const bed = makeBed(t, `dns: { upstreams: [198.51.100.2], ${dns} }\n`);
  const metadata = await startFakeMetadata(bed.metadataSocket, hostId, names);
  t.teardown(() => metadata.close());
  const daemon = await startDns(t, bed);
  await until(30_000, 'names are current', async () => (await condition(bed, 'metadata'))?.ok);
  return { bed, daemon };
}

async function burst(t: TestScope, ns: Namespace, ...args: string[]): Promise<Record<string, number>> {
  const running = startIn(t, ns, ['test/fakes/dns-burst.ts', serviceAddress, ...args]);
  const done = await until(30_000, 'the burst is over', () => /^done (.*)$/m.exec(running.output())?.[1]);
  t.teardown(() => running.kill('SIGKILL'));
  return JSON.parse(done);
}

for (const workers of [1, 0]) {
  t.test(`guests are answered up to a rate, local clients without limit; workers: ${workers}`, async (t) => {
    const { bed } = await begin(t, `workers: ${workers}, allowFrom: [192.0.2.0/24]`);
    exec(bed.host, 'sysctl', ['-qw', 'net.ipv4.conf.lan.rp_filter=0']);
    t.equal((await dig(bed.neighbour, 'x0.rancher.internal')).status, 'NOERROR');
    t.equal((await dig(bed.neighbour, 'x0.rancher.internal', '+tcp')).status, 'NOERROR');
    const local = await burst(t, bed.container, '5000', '.rancher.internal', '2');
    t.equal(await metric(bed, 'corral_dns_dropped_total', 'reason="limited"'), 0);
    t.equal(local.cut, undefined);
    const guest = await burst(t, bed.neighbour, '5000', '.rancher.internal', '2');
    t.comment(JSON.stringify({ local, guest }));
    const limited = await metric(bed, 'corral_dns_dropped_total', 'reason="limited"');
    t.ok(limited > 500, `${limited} beyond the limit`);
    t.ok(guest.cut! > limited / 3 && guest.cut! < limited, `${guest.cut} told to come by TCP`);
    t.equal(await metric(bed, 'corral_dns_hot_workers', ''), workers);
  });
}

t.test('forwards at once are bounded, beyond them it is REFUSED; local names do not wait', async (t) => {
  const { bed } = await begin(t, 'workers: 1');
  await startUpstream(t, bed.outside, 53, 'mute');
  const [codes, local] = await Promise.all([
    burst(t, bed.container, '400', '.up.test', '4'),
    until(
      30_000,
      'forwards under way',
      async () => (await metric(bed, 'corral_dns_forwards_under_way', '')) > 200,
    ).then(() => dig(bed.container, 'x0.rancher.internal')),
  ]);
  t.same(codes, { 2: 256, 5: 144 });
  t.equal(local.status, 'NOERROR');
  t.ok(local.ms < 1_500, `${Math.round(local.ms)} ms`);
});

t.test('512 connections in all, 64 from one client; the rest is closed, and room is made again', async (t) => {
  const { bed } = await begin(t, 'workers: 1');
  const sources = Array.from({ length: 10 }, (_, at) => `10.42.1.${100 + at}`);
  for (const source of sources) exec(bed.container, 'ip', ['addr', 'add', `${source}/24`, 'dev', 'eth0']);
  const one = startIn(t, bed.container, ['test/fakes/dns-crowd.ts', serviceAddress, '80', sources[0]!]);
  const first = await until(20_000, 'one client', () => /^done (.*)$/m.exec(one.output())?.[1]);
  t.same(JSON.parse(first), { open: 64, closed: 16 });
  await one.kill('SIGKILL');
  await until(30_000, 'they are gone', async () => (await dig(bed.container, 'x0.rancher.internal', '+tcp')).status);
  const all = startIn(t, bed.container, ['test/fakes/dns-crowd.ts', serviceAddress, '60', ...sources]);
  const second = await until(20_000, 'ten clients', () => /^done (.*)$/m.exec(all.output())?.[1]);
  t.same(JSON.parse(second), { open: 512, closed: 88 });
  t.equal((await dig(bed.container, 'x0.rancher.internal', '+notcp')).status, 'NOERROR');
  t.equal((await dig(bed.host, 'x0.rancher.internal', '+tcp', '+time=1')).status, '', 'no room for anybody');
  t.ok((await metric(bed, 'corral_dns_dropped_total', 'reason="connections"')) >= 104);
  await all.kill('SIGKILL');
  await until(30_000, 'room', async () => (await dig(bed.host, 'x0.rancher.internal', '+tcp')).status === 'NOERROR');
});

t.test('two workers share the port; a stop is quick and clean though they wait in the kernel', async (t) => {
  const { bed, daemon } = await begin(t, 'workers: 2');
  await until(30_000, 'both', async () => (await metric(bed, 'corral_dns_hot_workers', '')) === 2);
  for (let at = 0; at < 12; at += 1) t.equal((await dig(bed.container, 'x0.rancher.internal')).status, 'NOERROR');
  const gone = new Promise((resolve) => daemon.child.once('exit', (code) => resolve(code)));
  const begun = performance.now();
  daemon.child.kill('SIGTERM');
  t.equal(await gone, 0);
  t.comment(`stopped after ${Math.round(performance.now() - begun)} ms`);
});
