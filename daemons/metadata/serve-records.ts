// The socket on which sources report: one connection a source, the newest counts. A record that fails the check is refused and
// named in the acknowledgement; a line that is no protocol ends the connection, nobody else's.
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '../shared/daemon/log.ts';
import type { Counter, Metrics } from '../shared/daemon/metrics.ts';
import { silenceLimitMs } from '../shared/effects/patience.ts';
import { fittingSocketPath } from '../shared/effects/socket-path.ts';
import { renderError, SuiteError } from '../shared/model/errors.ts';
import { LineCutter } from '../shared/model/lines.ts';
import { parseLine, type SourceLine, sourceMembers } from '../shared/model/wire.ts';
import { collectAfterMany } from './collect.ts';
import { SourceSession } from './source-session.ts';
import type { State } from './state.ts';

const maxConnections = 32;
/** While more records wait to be taken in, sources are not read. */
const maxBacklog = 10_000;
/** A source that does not read its acknowledgements is cut. */
const maxUnread = 1024 * 1024;

export interface RecordsServerOptions {
  readonly path: string;
  readonly state: State;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface RecordsServer {
  close(): Promise<void>;
}

/** Listens on the records socket; a file that lies there belongs to a dead process, since the daemon's lock is held. */
export async function serveRecords(options: RecordsServerOptions): Promise<RecordsServer> {
  const { log, metrics, path, state } = options;
  const newest = new Map<string, Socket>();
  const cut = metrics.counter('corral_metadata_sources_cut_total', 'Connections of sources ended for a fault', [
    'code',
  ]);
  const refused = metrics.counter('corral_metadata_records_refused_total', 'Records that failed the check');
  metrics.gauge('corral_metadata_sources', 'Sources connected now', () => newest.size);
  const server = createServer((socket) => {
    attend(socket, options, { newest, cut, refused });
  });
  server.maxConnections = maxConnections;
  await listenAt(server, path);
  const collection = collectAfterMany(state);
  log.info({ event: 'records.listening', path }, 'sources may report');
  return {
    close: () =>
      new Promise((resolve) => {
        collection.close();
        server.close(() => resolve());
        for (const socket of newest.values()) socket.destroy();
      }),
  };
}

interface Shared {
  readonly newest: Map<string, Socket>;
  readonly cut: Counter;
  readonly refused: Counter;
}

function attend(socket: Socket, options: RecordsServerOptions, { newest, cut, refused }: Shared): void {
  const { log, state } = options;
  const cutter = new LineCutter();
  const session = new SourceSession({
    state,
    send: (text) => {
      if (socket.writableLength > maxUnread) socket.destroy(new SuiteError('BUSY', 'wait for a source to read'));
      else if (!socket.destroyed) socket.write(text);
    },
    onSource: (source) => {
      newest.get(source)?.destroy();
      newest.set(source, socket);
    },
    onRefused: (count) => refused.inc(count),
  });
  socket.setTimeout(silenceLimitMs, () =>
    socket.destroy(new SuiteError('DEADLINE', `hear from a source in ${silenceLimitMs} ms`)),
  );
  socket.on('data', (chunk) => {
    try {
      for (const line of cutter.push(chunk)) {
        if (!socket.destroyed) session.take(parseLine<SourceLine>(line, sourceMembers));
      }
    } catch (error) {
      socket.destroy(error as Error);
    }
    if (state.backlog > maxBacklog) {
      socket.pause();
      void state.settled().then(() => socket.resume());
    }
  });
  socket.on('error', (error) => {
    const code = error instanceof SuiteError ? error.code : 'INTERNAL';
    cut.inc({ code });
    log.warn({ event: 'source.cut', source: session.source, reason: renderError(error).slice(0, 500) }, 'source cut');
  });
  socket.on('close', () => {
    session.close();
    if (session.source !== undefined && newest.get(session.source) === socket) newest.delete(session.source);
  });
}

function listenAt(server: Server, path: string): Promise<void> {
  rmSync(path, { force: true });
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new SuiteError('INTERNAL', `listen on ${path}: ${cause.message}`, { cause })),
    );
    server.listen(fittingSocketPath(path), () => {
      chmodSync(path, 0o600);
      resolve();
    });
  });
}
