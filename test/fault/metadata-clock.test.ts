// F9: the wall clock leaps under the daemon, forward by hours and years and back again. Waits, beats and deadlines go by the
// monotonic clock and do not notice.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import t from 'tap';
import { Records } from '../../daemons/shared/source/records.ts';
import { record } from '../fixtures/records.ts';
import { makeRoot, startDaemon, untilState } from '../netns/metadata/daemon.ts';
import { isRoot, makeNamespace, until } from '../netns/support/namespaces.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

/** Loaded before the daemon: its wall clock leaps each 300 ms. */
const leaps = `
  const real = Date.now;
  const RealDate = Date;
  const offsets = [3_600_000, -3_600_000, 10 * 365 * 86_400_000, 0];
  const started = performance.now();
  const offset = () => offsets[Math.floor((performance.now() - started) / 300) % offsets.length];
  globalThis.Date = class extends RealDate {
    constructor(...args) { super(...(args.length > 0 ? args : [real() + offset()])); }
    static now() { return real() + offset(); }
  };`;

t.test('no wait ends early or late, nothing is cut, nothing comes in bursts', async (t) => {
  const host = makeNamespace(t, 'mclock');
  const root = makeRoot(t);
  const preload = join(root.path, 'leaps.mjs');
  writeFileSync(preload, leaps);
  const daemon = startDaemon(t, host, root, { NODE_OPTIONS: `--import=${preload}` });
  await untilState(daemon, 'ready');
  const records = new Records({
    socketPath: root.recordsSocket,
    source: 'network-manager',
    onState: (fault) => fault && faults.push(fault.message),
    onRefused: () => undefined,
  });
  const faults: string[] = [];
  t.teardown(() => records.close());
  records.start([record(1)]);
  await records.change([], []);

  let text = '';
  const watch = request({ socketPath: root.metadataSocket, path: '/v1/watch?kinds=host', agent: false }, (incoming) => {
    incoming.on('data', (chunk) => {
      text += chunk;
    });
    incoming.on('close', () => faults.push('watch closed'));
  });
  watch.on('error', () => undefined);
  t.teardown(() => watch.destroy());
  watch.end();

  const seconds = 3;
  const url = `http://169.254.169.250/latest/name?wait=true&value=default&maxWait=${seconds}`;
  const polls = Array.from({ length: 8 }, () =>
    spawn('ip', ['netns', 'exec', host.name, 'curl', '-s', '-w', ' %{time_total}', url]),
  );
  const said = polls.map((child) => {
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    return () => out;
  });
  const took = await until(20_000, 'the ends of all polls', () =>
    said.every((out) => out().includes(' ')) ? said.map((out) => out().split(' ')) : undefined,
  );
  for (const [body, time] of took) {
    t.equal(body, 'default');
    t.ok(Number(time) >= seconds - 0.01 && Number(time) < seconds + 1.5, `${time} s for ${seconds} s`);
  }
  const count = () => text.split('"beat"').length - 1;
  const [begun, before] = [performance.now(), count()];
  await until(20_000, 'two beats of the watch', () => count() >= before + 2);
  t.ok(performance.now() - begun > 5_000 && performance.now() - begun < 12_000, 'beats keep their time');
  await records.change([record(1, { startCount: 2 })], []);
  t.same(faults, [], 'nobody was cut');
  t.equal((await daemon.health()).state, 'ready');
  t.ok(daemon.log.length < 30, `${daemon.log.length} lines of log`);
});
