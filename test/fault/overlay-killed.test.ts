// F1, F7: the overlay daemon killed again and again, and blinded by thousands of events, while packets pass.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import {
  cluster,
  type Daemon,
  kernelState,
  makeContainer,
  makeHost,
  makeSwitch,
  patience,
  pings,
  startAll,
  startDaemon,
} from '../netns/overlay/support/hosts.ts';
import { exec, isRoot, type Namespace, until } from '../netns/support/namespaces.ts';

if (!isRoot) t.plan(0, 'needs root');
t.setTimeout(170_000);

const rounds = Number(process.env.FAULT_ROUNDS ?? 8);

/** Sends 100 packets a second until it is told to stop; resolves with how many of how many came back. */
function stream(from: Namespace, to: string): () => Promise<{ sent: number; received: number }> {
  const child = spawn('ip', ['netns', 'exec', from.name, 'ping', '-q', '-i', '0.01', to]);
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  return async () => {
    child.kill('SIGINT');
    await once(child, 'close');
    const found = /(\d+) packets transmitted, (\d+) received/.exec(text);
    return { sent: Number(found?.[1]), received: Number(found?.[2]) };
  };
}

t.test('kill -9 at any moment: no packet lost, nothing written at the next start', async (t) => {
  const sw = makeSwitch(t);
  const hosts = await Promise.all([1, 2].map((number) => makeHost(t, sw, number, cluster(2))));
  const [h1, h2] = [hosts[0]!, hosts[1]!];
  const daemons = await startAll(t, hosts);
  const c1 = makeContainer(t, h1, '10.42.1.5/24', { gateway: '10.42.1.1' });
  makeContainer(t, h2, '10.42.2.5/24', { gateway: '10.42.2.1' });
  await until(patience, 'container reaches container', () => pings(c1, '10.42.2.5'));
  const whole = kernelState(h1);
  const end = stream(c1, '10.42.2.5');
  let daemon = daemons[0]!;
  let written = 0;
  for (let round = 0; round < rounds; round += 1) {
    await daemon.end('SIGKILL');
    daemon = startDaemon(t, h1);
    await daemon.settled();
    written += (await daemon.count('writes')) + (await daemon.count('writes', 'overlay-rules'));
  }
  const { sent, received } = await end();
  t.equal(written, 0, 'nothing to do is nothing done');
  t.same(kernelState(h1), whole);
  t.ok(sent > rounds * 10, `${sent} packets`);
  // The last one may still be under way when the count ends.
  t.ok(sent - received <= 1, `${sent - received} of ${sent} packets lost`);
});

t.test('killed in the middle of its first work, it finishes when it is back', async (t) => {
  const sw = makeSwitch(t);
  const host = await makeHost(t, sw, 1, cluster(40));
  const [first] = await startAll(t, [host]);
  await first!.end('SIGKILL');
  const whole = kernelState(host);
  t.equal(whole.filter((line) => line.includes('via')).length, 39);
  for (const afterMs of [0, 2, 5, 10, 20]) {
    exec(host.ns, 'ip', ['link', 'del', 'vtep1042']);
    const daemon = startDaemon(t, host);
    await until(patience, 'it begins', () => kernelState(host).length > 0 || daemon.process.exitCode !== null);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    await daemon.end('SIGKILL');
    const next = startDaemon(t, host);
    await until(patience, `whole again after a death ${afterMs} ms in`, () => same(kernelState(host), whole));
    await next.end('SIGKILL');
  }
});

t.test('two thousand events of devices while it hangs: it lives, and repairs what was damaged meanwhile', async (t) => {
  const sw = makeSwitch(t);
  const hosts = await Promise.all([1, 2].map((number) => makeHost(t, sw, number, cluster(2))));
  const [h1, h2] = [hosts[0]!, hosts[1]!];
  const [daemon] = (await startAll(t, hosts)) as [Daemon, Daemon];
  const c1 = makeContainer(t, h1, '10.42.1.5/24', { gateway: '10.42.1.1' });
  makeContainer(t, h2, '10.42.2.5/24', { gateway: '10.42.2.1' });
  await until(patience, 'container reaches container', () => pings(c1, '10.42.2.5'));
  const whole = kernelState(h1);
  daemon.process.kill('SIGSTOP');
  exec(h1.ns, 'ip', ['link', 'add', 'noise', 'type', 'bridge']);
  const batch = Array.from({ length: 1_000 }, () => 'link set noise up\nlink set noise down\n').join('');
  exec(h1.ns, 'ip', ['-batch', '-'], batch);
  exec(h1.ns, 'ip', ['route', 'del', '10.42.2.0/24']);
  daemon.process.kill('SIGCONT');
  await until(patience, 'repaired', () => same(kernelState(h1), whole));
  t.ok(pings(c1, '10.42.2.5'));
  t.equal(daemon.process.exitCode, null);
  t.equal(await daemon.count('failures'), 0);
});

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
