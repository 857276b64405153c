// F12: 100,000 malformed messages beside 200 good questions a second. The seed decides the messages; a failure repeats with it.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { guardQuery } from '../../daemons/dns/guard.ts';
import { newHotQuestion, readHotQuestion } from '../../daemons/dns/hot/question.ts';
import { malformed, random } from '../fakes/dns-malformed.ts';
import { startFakeMetadata } from '../fakes/metadata-watch.ts';
import { condition, makeBed, serviceAddress, startDns, startIn } from '../netns/dns/support/bed.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { container, hostId } from '../unit/dns/support/objects.ts';

const seed = Number(process.env.FAULT_SEED ?? 12);
const bad = 100_000;
const seconds = 15;
const mostMegabytes = 20;
/** Milliseconds. */
const mostP99 = 20;

t.test('F12: the guard takes at most 50 us a message', async (t) => {
  const pick = random(seed);
  const messages = Array.from({ length: 20_000 }, () => malformed(pick));
  for (const message of messages) guardQuery(message);
  const begun = performance.now();
  const sound = messages.filter((message) => guardQuery(message).verdict === 'sound').length;
  const each = ((performance.now() - begun) * 1_000) / messages.length;
  t.comment(`${each.toFixed(2)} us a message; ${sound} of ${messages.length} are sound by accident; seed ${seed}`);
  t.ok(each <= 50);
  t.ok(sound < messages.length / 3);
});

t.test('F12: the first look takes nothing that the guard refuses', async (t) => {
  const pick = random(seed + 1);
  const words = new Int32Array(2_048);
  const bytes = new Uint8Array(words.buffer);
  const into = newHotQuestion();
  for (let at = 0; at < 50_000; at += 1) {
    const message = malformed(pick);
    bytes.fill(0);
    bytes.set(message);
    if (!readHotQuestion({ bytes, words }, 0, message.length, 7, into)) continue;
    if (guardQuery(message).verdict !== 'sound') return void t.fail(`message ${at}: ${message.toString('hex')}`);
  }
});

t.test('F12: good clients notice nothing', { skip: isRoot ? false : 'needs root', timeout: 120_000 }, async (t) => {
  const bed = makeBed(t, 'dns: { upstreams: [198.51.100.2] }\n');
  const names = Array.from({ length: 20 }, (_, at) => container(`c${at}`, { ips: [`10.42.2.${at + 1}`] }));
  const metadata = await startFakeMetadata(bed.metadataSocket, hostId, names);
  t.teardown(() => metadata.close());
  const dns = await startDns(t, bed);
  await until(10_000, 'names are current', async () => (await condition(bed, 'metadata'))?.ok);
  const warm = startIn(t, bed.container, ['test/fakes/dns-asker.ts', serviceAddress, '200', '2', '20']);
  await until(20_000, 'the first questions', () => warm.output().includes('done'));
  const before = residentMegabytes(dns.child.pid!);
  const asker = startIn(t, bed.container, ['test/fakes/dns-asker.ts', serviceAddress, '200', String(seconds), '20']);
  await until(10_000, 'the good client asks', () => asker.output().includes('asking'));
  const abuser = startIn(t, bed.container, ['test/fakes/dns-abuser.ts', serviceAddress, String(bad), String(seed)]);
  const done = await until(60_000, 'the good client is done', () => /^done (.*)$/m.exec(asker.output())?.[1]);
  await until(60_000, 'the bad one is done', () => abuser.output().includes('done'));
  const result = JSON.parse(done);
  const grown = residentMegabytes(dns.child.pid!) - before;
  t.comment(`${done}; resident memory grew by ${grown.toFixed(1)} MB; seed ${seed}`);
  t.match(result, { answered: result.asked, wrong: 0 }, 'no question of 200 a second is lost or answered wrongly');
  // What the client's own timers are late by is the machine's, and stands twice in an answer: in its sending and its coming.
  t.ok(result.p99 <= mostP99 + 2 * result.lateP99, `p99 ${result.p99} ms, late by ${result.lateP99} ms`);
  t.ok(grown <= mostMegabytes, `${grown.toFixed(1)} MB`);
  t.equal(dns.child.exitCode, null);
  t.ok((await condition(bed, 'listener'))?.ok);
  t.notMatch(dns.output(), /"level":"(error|fatal)"/);
});

function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
