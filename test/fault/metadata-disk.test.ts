// F10: the disk of the store is full, cannot be written, or holds garbage. The daemon says so, serves what it has from memory,
// and is itself again as soon as the disk is.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import t, { type Test } from 'tap';
import { callRaw } from '../../daemons/shared/source/call.ts';
import { Records } from '../../daemons/shared/source/records.ts';
import { record } from '../fixtures/records.ts';
import { type Daemon, makeRoot, type Root, startDaemon, untilState } from '../netns/metadata/daemon.ts';
import { isRoot, makeNamespace, until } from '../netns/support/namespaces.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

const stateOf = (root: Root): string => dirname(root.store);

/** Runs where the daemon sees its own mounts. */
const within = (daemon: Daemon, script: string): string =>
  execFileSync('nsenter', ['-t', String(daemon.process.pid), '-m', 'sh', '-c', script], { encoding: 'utf8' });

/** The daemon with a disk of its own for its state. */
const onDisk = (t: Test, options: string) => {
  const root = makeRoot(t);
  mkdirSync(stateOf(root), { recursive: true });
  const daemon = startDaemon(
    t,
    makeNamespace(t, 'mdisk'),
    root,
    {},
    `mount -t tmpfs -o ${options} none ${stateOf(root)}`,
  );
  return { root, daemon };
};

const source = (t: Test, root: Root): Records => {
  const records = new Records({
    socketPath: root.recordsSocket,
    source: 'network-manager',
    onState: () => undefined,
    onRefused: () => undefined,
  });
  t.teardown(() => records.close());
  return records;
};

const condition = async (daemon: Daemon, name: string) =>
  (await daemon.health()).conditions.find((one) => one.name === name);

t.test('a full disk: served from memory, said, and kept as soon as there is room', async (t) => {
  const { root, daemon } = onDisk(t, 'size=16m');
  await untilState(daemon, 'ready');
  const records = source(t, root);
  records.start([record(1)]);
  await records.change([], []);
  await until(5_000, 'kept', async () => (await condition(daemon, 'records-kept'))?.ok);
  within(daemon, `dd if=/dev/zero of=${stateOf(root)}/filler bs=4k 2>/dev/null || true`);
  const many = Array.from({ length: 2_000 }, (_, n) => record(n, { labels: { text: 'x'.repeat(500) } }));
  await records.change(many, []);
  const said = await until(10_000, 'degraded', async () => {
    const now = await condition(daemon, 'records-kept');
    return now?.ok === false ? now : undefined;
  });
  t.match(said, { code: 'STORE_UNAVAILABLE', degradesOnly: true, text: /served from memory/ });
  t.equal((await daemon.health()).state, 'degraded');
  t.equal((await callRaw(root.metadataSocket, '/v1/tree/latest/containers/c1999/name')).text, 'c1999');
  within(daemon, `rm ${stateOf(root)}/filler`);
  await until(15_000, 'kept again', async () => (await condition(daemon, 'records-kept'))?.ok);
  t.equal((await daemon.health()).state, 'ready');
  await until(10_000, 'all kept', async () =>
    (await callRaw(root.metadataSocket, '/metrics')).text.includes('records_waiting{daemon="metadata"} 0'),
  );
  t.equal(daemon.stderr(), '');
});

t.test('a disk that cannot be written at the start: unready with a reason, ready when it can', async (t) => {
  const { root, daemon } = onDisk(t, 'size=2m,ro');
  const report = await untilState(daemon, 'unready');
  t.equal(report.state, 'unready');
  const said = await until(10_000, 'the reason', async () => {
    const now = await condition(daemon, 'store');
    return now?.ok === false ? now : undefined;
  });
  t.match(said, { code: 'STORE_UNAVAILABLE', text: /read-only/ });
  within(daemon, `mount -o remount,rw ${stateOf(root)}`);
  await untilState(daemon, 'ready');
  t.equal((await callRaw(root.metadataSocket, '/v1/tree/latest/name')).text, 'default');
});

t.test(
  'an empty file, a cut one, one with holes, garbage: a start in any case, what was broken is kept aside',
  async (t) => {
    const root = makeRoot(t);
    const ns = makeNamespace(t, 'mdisk');
    const first = startDaemon(t, ns, root);
    await untilState(first, 'ready');
    const records = source(t, root);
    records.start(Array.from({ length: 300 }, (_, n) => record(n)));
    await records.change([], []);
    await until(5_000, 'kept', async () =>
      (await callRaw(root.metadataSocket, '/metrics')).text.includes('records_waiting{daemon="metadata"} 0'),
    );
    records.close();
    await first.kill('SIGTERM');
    const good = readFileSync(root.store);
    const holes = Buffer.from(good);
    holes.fill(0xff, 4_096 + 100, 4_096 + 4_000);
    const broken: Record<string, () => void> = {
      'an empty file': () => truncateSync(root.store),
      'a cut one': () => writeFileSync(root.store, good.subarray(0, good.length / 2)),
      'one with holes': () => writeFileSync(root.store, holes),
      garbage: () => writeFileSync(root.store, Buffer.alloc(50_000, 'no database at all ')),
      'a journal of something else': () => {
        writeFileSync(root.store, good);
        writeFileSync(`${root.store}-wal`, Buffer.alloc(30_000, 0xaa));
      },
    };
    for (const [what, breakIt] of Object.entries(broken)) {
      breakIt();
      const daemon = startDaemon(t, ns, root);
      const { state, conditions } = await untilState(daemon, 'ready', 'degraded');
      const store = conditions.find(({ name }) => name === 'store');
      if (what.startsWith('a journal')) t.equal(state, 'ready', what);
      else t.match(store, { code: 'STORE_CORRUPT', text: /\.corrupt-/ }, what);
      t.equal((await callRaw(root.metadataSocket, '/v1/tree/latest/name')).text, 'default', what);
      t.equal(daemon.stderr(), '', what);
      await daemon.kill('SIGTERM'); // a killed one would leave its journal, from which the next one heals the file
    }
    const aside = readdirSync(stateOf(root)).filter((name) => name.includes('.corrupt-'));
    t.ok(aside.length === 3, `${aside}`);
  },
);
