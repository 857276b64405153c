// Metadata's two sockets in this process, in a directory of the test, for readers and sources to connect to.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Test } from 'tap';
import { serveRecords } from '../../../daemons/metadata/serve-records.ts';
import { serveWatch } from '../../../daemons/metadata/serve-watch.ts';
import { State } from '../../../daemons/metadata/state.ts';
import { closeServer, listen, makeHttpServer } from '../../../daemons/shared/daemon/http.ts';
import { Metrics } from '../../../daemons/shared/daemon/metrics.ts';
import { LineCutter } from '../../../daemons/shared/model/lines.ts';
import { clusterId, hostId } from '../../fixtures/records.ts';

export interface Channel {
  readonly state: State;
  readonly metrics: Metrics;
  readonly watchPath: string;
  readonly recordsPath: string;
  /** Ends all connections and listens no longer. */
  stop(): Promise<void>;
}

export async function openChannel(
  t: Test,
  options: { dir?: string; maxBehind?: number; maxRecords?: number; hostId?: string } = {},
): Promise<Channel> {
  const dir = options.dir ?? shortDirectory(t);
  const [watchPath, recordsPath] = [join(dir, 'metadata.sock'), join(dir, 'records.sock')];
  const metrics = new Metrics('metadata');
  const max = options.maxRecords === undefined ? {} : { maxRecords: options.maxRecords };
  const state = new State({ clusterId, hostId: options.hostId ?? hostId, remember: () => undefined, ...max });
  const log = pino({ level: 'silent' });
  const watch = serveWatch(state, metrics, options.maxBehind === undefined ? {} : { maxBehind: options.maxBehind });
  const server = makeHttpServer({ routes: [watch.route] });
  await listen(server, { path: watchPath });
  const records = await serveRecords({ path: recordsPath, state, log, metrics });
  let open = true;
  const stop = async (): Promise<void> => {
    if (!open) return;
    open = false;
    watch.close();
    await Promise.all([records.close(), closeServer(server, 0)]);
  };
  t.teardown(stop);
  return { state, metrics, watchPath, recordsPath, stop };
}

/** Unix socket paths end at 107 bytes, which tap's own directories exceed. */
export function shortDirectory(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'co-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A raw connection to the records socket: lines out as given, lines in parsed. */
export interface RawSource {
  readonly socket: Socket;
  readonly replies: Record<string, unknown>[];
  closed: boolean;
  say(...lines: (object | string)[]): void;
}

export function rawSource(t: Test, path: string): RawSource {
  const socket = connect(path);
  const cutter = new LineCutter();
  const source: RawSource = {
    socket,
    replies: [],
    closed: false,
    say: (...lines) => {
      for (const line of lines) socket.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
    },
  };
  socket.on('data', (chunk) => source.replies.push(...cutter.push(chunk).map((line) => JSON.parse(line))));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    source.closed = true;
  });
  t.teardown(() => socket.destroy());
  return source;
}
