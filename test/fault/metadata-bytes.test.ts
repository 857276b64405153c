// F23, the part of metadata: paths, records, lines of the records channel and of the watch, changed at random. What is wrong is
// refused with its code, what is accepted is what it seems, nothing takes long. `FAULT_SECONDS` (default 3) and `FAULT_SEED`
// decide how long and with which numbers.
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { answer } from '../../daemons/metadata/answer.ts';
import { parseTarget } from '../../daemons/metadata/http-target.ts';
import { SourceSession } from '../../daemons/metadata/source-session.ts';
import { State } from '../../daemons/metadata/state.ts';
import { SuiteError } from '../../daemons/shared/model/errors.ts';
import { LineCutter } from '../../daemons/shared/model/lines.ts';
import { parseRecord } from '../../daemons/shared/model/parse-record.ts';
import type { Snapshot } from '../../daemons/shared/model/snapshot.ts';
import { parseLine, type SourceLine, sourceMembers } from '../../daemons/shared/model/wire.ts';
import { watchSnapshot } from '../../daemons/shared/source/watch.ts';
import { random } from '../fakes/dns-malformed.ts';
import { clusterId, host, hostId, record } from '../fixtures/records.ts';
import { until } from '../netns/support/namespaces.ts';
import { shortDirectory } from '../unit/metadata/channel.ts';
import { World, webFront } from '../unit/metadata/world.ts';

const seconds = Number(process.env.FAULT_SECONDS ?? 3);
const seed = Number(process.env.FAULT_SEED ?? 23);
/** One input; the machine may be busy with other things, so the second look decides. */
const mostMs = 100;

const below = random(seed);
const pick = <T>(from: readonly T[]): T => from[below(from.length)]!;

/** Runs on new inputs until the time is up; one that takes too long twice, or throws, is told with its seed. */
const hammer = (t: Test, what: string, make: () => string, run: (input: string) => void): void => {
  const end = performance.now() + seconds * 1_000;
  let [count, worst] = [0, 0];
  for (; performance.now() < end; count += 1) {
    const input = make();
    const took = (): number => {
      const begun = performance.now();
      run(input);
      return performance.now() - begun;
    };
    try {
      const ms = took();
      worst = Math.max(worst, ms);
      if (ms > mostMs && took() > mostMs) throw new Error(`takes ${ms.toFixed(0)} ms`);
    } catch (error) {
      t.fail(`${what} ${count}, FAULT_SEED=${seed}: ${(error as Error).message}`, { input: input.slice(0, 2_000) });
      return;
    }
  }
  t.pass(`${count} ${what}, the slowest ${worst.toFixed(1)} ms`);
};

const odd = [
  '',
  '/',
  '..',
  '.',
  '%2F',
  '%00',
  '%0a',
  '%ff',
  '%c3%28',
  '%',
  '+',
  '?',
  '#',
  '\u0000',
  '\ud800',
  '日本',
  '__proto__',
  'constructor',
  '-1',
  '9'.repeat(30),
  '00',
  '\\',
  '"',
  "'",
  '<',
  '&',
  '=',
  '*',
  ' ',
];
const words = [
  'latest',
  '2015-12-19',
  '2015-07-25',
  '2016-07-29',
  'self',
  'containers',
  'services',
  'stacks',
  'hosts',
  'networks',
  'metadata',
  'front',
  'Web',
  'list',
  'labels',
  'links',
  '0',
  '1',
  'name',
  'version',
  'http://x',
  'wait=true',
  'value=',
  'maxWait=5',
];

const changed = (text: string): string => {
  let result = text;
  for (let times = 1 + below(4); times > 0; times -= 1) {
    const [at, to] = [below(result.length + 1), below(result.length + 1)];
    const [from, until_] = at < to ? [at, to] : [to, at];
    const piece = pick([
      () => pick(odd),
      () => pick(words),
      () => String.fromCharCode(below(0x300)),
      () => result.slice(from, until_).repeat(1 + below(3)),
      () => '',
      () => pick(['null', '[]', '{}', '-1', '1e999', 'true', '"x"', '[[[[', '{"a":', '18446744073709551616']),
    ])();
    result = result.slice(0, from) + piece + result.slice(pick([from, from + 1, until_]));
  }
  return result.slice(0, 20_000);
};

const bytesOf = (text: string): string =>
  Buffer.from(text)
    .toString('latin1')
    .replace(/[^!-~\u0080-\u00ff]/g, '');

t.test('paths and what clients accept', async (t) => {
  const world = new World();
  const statuses = new Set<number>();
  const path = (): string => {
    const parts = Array.from({ length: below(8) }, () => pick(below(4) === 0 ? odd : words));
    // As Node reads a request line: a byte a character, no controls.
    return bytesOf(changed(`/${parts.join('/')}${below(3) === 0 ? `?${pick(words)}&${pick(odd)}` : ''}`));
  };
  hammer(t, 'paths', path, (target) => {
    const accept = pick([
      undefined,
      'application/json',
      'application/x-yaml',
      '*/*',
      changed('text/plain;q=0.5, application/json'),
    ]);
    const given = answer(world.trees, {
      method: pick(['GET', 'HEAD', 'POST']),
      target,
      accept,
      self: pick([undefined, webFront]),
    });
    statuses.add(given.status);
    if (![200, 301, 400, 404].includes(given.status)) throw new Error(`status ${given.status}`);
    if (given.headers.some((text) => /[\r\n]/.test(text))) throw new Error('a header of two lines');
    if (given.headers.some((text) => /[^\t\x20-\x7e\x80-\xff]/.test(text)))
      throw new Error('a header that Node refuses');
    const parsed = parseTarget(target);
    if (given.status === 200 && accept === 'application/json') JSON.parse(given.body.toString());
    if (parsed.kind === 'redirect' && parseTarget(parsed.location).kind === 'redirect')
      throw new Error('a redirect to a redirect');
  });
  t.ok(statuses.has(200) && statuses.has(404), `${[...statuses]}`);
});

t.test('records', async (t) => {
  const model = JSON.stringify(
    record(1, { labels: { a: 'b' }, ports: ['0.0.0.0:80:80/tcp'], mac: '02:00:00:00:00:01', dns: ['x'] }),
  );
  const models = [model, JSON.stringify(host())];
  let accepted = 0;
  hammer(
    t,
    'records',
    () => changed(pick(models)),
    (text) => {
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        return;
      }
      try {
        const parsed = parseRecord(value);
        accepted += 1;
        if (JSON.stringify(parseRecord(parsed)) !== JSON.stringify(parsed))
          throw new Error('not the same when read again');
      } catch (error) {
        if (!(error instanceof SuiteError) || error.code !== 'RECORD_INVALID') throw error;
      }
    },
  );
  t.ok(accepted > 0, `${accepted} accepted`);
});

t.test('lines of the records channel, in chunks of any size', async (t) => {
  const good = [
    { hello: { proto: 1, source: 'fuzz' } },
    { put: record(1, { labels: { 'io.rancher.stack_service.name': 'a/b' } }) },
    { put: host() },
    { synced: { seq: 1 } },
    { batch: { seq: 2, put: [record(2)], drop: [`container/${record(1).id}`] } },
    { beat: {} },
  ].map((line) => JSON.stringify(line));
  const state = new State({ clusterId, hostId, remember: () => undefined });
  let sent = 0;
  const stream = (): string =>
    Array.from({ length: 1 + below(8) }, (_, at) =>
      below(3) === 0 ? changed(pick(good)) : good[at % good.length]!,
    ).join(pick(['\n', '\n', '\n\n', '']));
  hammer(t, 'streams', stream, (text) => {
    const session = new SourceSession({
      state,
      send: (line) => {
        sent += 1;
        JSON.parse(line);
      },
      onSource: () => undefined,
      onRefused: () => undefined,
    });
    const cutter = new LineCutter(10_000);
    const bytes = Buffer.from(`${text}\n`);
    try {
      for (let at = 0; at < bytes.length; ) {
        const size = 1 + below(300);
        for (const line of cutter.push(bytes.subarray(at, at + size)))
          session.take(parseLine<SourceLine>(line, sourceMembers));
        at += size;
      }
    } catch (error) {
      if (!(error instanceof SuiteError) || error.code !== 'PROTOCOL') throw error;
    } finally {
      session.close();
    }
  });
  await state.settled();
  t.ok(sent > 0);
  for (const container of state.snapshot.all('container')) parseRecord(container);
});

t.test('lines of the watch: the reader keeps its last good snapshot and comes again', async (t) => {
  const good = [
    { hello: { proto: 1, epoch: 'e', revision: 1, hostId } },
    { put: host() },
    { synced: { revision: 1, complete: true } },
    { batch: { revision: 2, complete: true, put: [{ ...record(2), stackId: null }], drop: [] } },
    { beat: { revision: 2, complete: true } },
  ].map((line) => JSON.stringify(line));
  let [streams, honest] = [0, false];
  const serve = (response: ServerResponse): void => {
    streams += 1;
    const lines = good.map((line) => (honest || below(3) > 0 ? line : changed(line)));
    response.writeHead(200).write(`${lines.join('\n')}\n`);
    if (!honest) response.end();
  };
  const path = join(shortDirectory(t), 'watch.sock');
  const server = createServer((_, response) => serve(response));
  await new Promise<void>((done) => server.listen(path, done));
  t.teardown(() => void server.close().closeAllConnections());
  const readers: { last: Snapshot | undefined; close(): void }[] = [];
  const open = (): void => {
    const reader = { last: undefined as Snapshot | undefined, close: () => watch.close() };
    const watch = watchSnapshot({
      socketPath: path,
      onSnapshot: (snapshot) => {
        reader.last = snapshot;
      },
      onState: () => undefined,
    });
    readers.push(reader);
  };
  const end = performance.now() + seconds * 1_000;
  while (performance.now() < end) {
    for (const reader of readers.splice(0)) reader.close();
    for (let n = 0; n < 20; n += 1) open();
    const want = streams + 15;
    await until(10_000, 'streams', () => streams >= want);
  }
  honest = true;
  await until(20_000, 'every reader whole again', () =>
    readers.every(({ last }) => last?.get('host', hostId) && last.revision >= 2),
  );
  t.ok(streams > 50, `${streams} streams`);
  for (const reader of readers) reader.close();
});
