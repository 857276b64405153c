// A metadata daemon as its readers see it: the watch on a unix socket, and nothing else. It keeps state: a new connection gets
// everything that was changed before.
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type Key, type Kind, keyOf, type SnapshotObject } from '../../daemons/shared/model/objects.ts';
import {
  heartbeatMs,
  parseKinds,
  protocolVersion,
  renderLine,
  type WatchLine,
} from '../../daemons/shared/model/wire.ts';

export interface FakeMetadata {
  /** One batch: a new revision, told to every reader. */
  change(put: readonly SnapshotObject[], drop?: readonly Key[]): void;
  /** Readers connected now. */
  readers(): number;
  /** How often something else than the watch was asked for; there is nothing else. */
  asked(): number;
  /** Gone as after kill -9: connections cut, socket no longer served. */
  close(): Promise<void>;
}

export async function startFakeMetadata(
  path: string,
  hostId: string,
  objects: readonly SnapshotObject[],
  firstRevision = 1,
): Promise<FakeMetadata> {
  const state = new Map(objects.map((object) => [keyOf(object), object] as const));
  const readers = new Map<ServerResponse, readonly Kind[]>();
  let revision = firstRevision;
  let asked = 0;
  const tell = (response: ServerResponse, line: WatchLine): void => void response.write(renderLine(line));
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://fake');
    if (url.pathname !== '/v1/watch') {
      asked += 1;
      return void response.writeHead(404).end();
    }
    const kinds = parseKinds(url.searchParams.get('kinds') ?? undefined);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    tell(response, { hello: { proto: protocolVersion, epoch: 'fake', revision, hostId } });
    for (const object of state.values()) if (kinds.includes(object.kind)) tell(response, { put: object });
    tell(response, { synced: { revision, complete: true } });
    readers.set(response, kinds);
    response.on('close', () => readers.delete(response));
  });
  const beat = setInterval(() => {
    for (const response of readers.keys()) tell(response, { beat: { revision, complete: true } });
  }, heartbeatMs);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    change: (put, drop = []) => {
      revision += 1;
      for (const object of put) state.set(keyOf(object), object);
      for (const key of drop) state.delete(key);
      for (const [response, kinds] of readers) {
        const seen = put.filter((object) => kinds.includes(object.kind));
        tell(response, { batch: { revision, complete: true, put: seen, drop } });
      }
    },
    readers: () => readers.size,
    asked: () => asked,
    close: () => stop(server, beat),
  };
}

function stop(server: Server, beat: NodeJS.Timeout): Promise<void> {
  clearInterval(beat);
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
