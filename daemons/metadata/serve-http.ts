// The service that containers ask: plain HTTP in front of the catalog. Requests are taken before koa sees them. Who is not
// local is cut without a word; slow and idle connections are bounded in number and in time.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { makeHttpServer, type Server } from '../shared/daemon/http.ts';
import { httpLimits } from '../shared/daemon/limits.ts';
import type { Metrics } from '../shared/daemon/metrics.ts';
import type { LocalCallers } from '../shared/effects/local-callers.ts';
import type { Ip } from '../shared/model/ip.ts';
import type { Cidr4 } from '../shared/model/ipv4.ts';
import type { Trees } from './answer.ts';
import { AnswerRequests } from './answer-requests.ts';
import type { Catalog } from './catalog.ts';
import { everything, touchedBy } from './dependents.ts';
import { isTrusted, parsePeer } from './http-caller.ts';
import { pollLimits } from './long-polls.ts';
import type { Revision } from './state.ts';

export interface HttpOptions {
  readonly catalog: Catalog;
  readonly trees: Trees;
  readonly callers: LocalCallers;
  readonly metrics: Metrics;
  /** Proxies whose X-Forwarded-For counts, as configured now. */
  readonly trusted: () => readonly Cidr4[];
}

export interface MetadataHttp {
  /** Not listening yet. */
  readonly server: Server;
  /** The catalog has changed by this. */
  changed(revision: Revision): void;
  /** Something else has changed: tokens, a file's answers. */
  changedAll(): void;
  /** Answers those who wait; the server itself is closed by its owner. */
  close(): void;
}

/** One container may not take all connections from the others. */
const connectionsPerAddress = httpLimits.maxConnections;
/** A client that neither sends nor reads for this long is cut, unless it is a held poll. */
const stuckMs = 10_000;

export function serveHttp(options: HttpOptions): MetadataHttp {
  const { callers, metrics, trusted } = options;
  const refused = metrics.counter('corral_metadata_connections_refused_total', 'Connections cut', ['reason']);
  const answers = new AnswerRequests(options);
  const peerOf = peerReader();
  const letIn = async (peer: Ip, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (await callers.allowsAfterLook(peer)) answers.serve(request, response, peer);
    else {
      refused.inc({ reason: 'not-local' });
      request.socket.destroy();
    }
  };
  const server = makeHttpServer({
    routes: [],
    maxConnections: httpLimits.maxConnections + pollLimits.total,
    fast: (request, response) => {
      const peer = peerOf(request.socket);
      if (peer === undefined) request.socket.destroy();
      else if (callers.allows(peer) || isTrusted(trusted(), peer)) answers.serve(request, response, peer);
      else void letIn(peer, request, response);
      return true;
    },
  });
  boundConnections(server, () => refused.inc({ reason: 'too-many' }));
  server.setTimeout(stuckMs, (socket) => {
    if (answers.isHeld(socket)) return;
    refused.inc({ reason: 'stuck' });
    socket.destroy();
  });
  return {
    server,
    changed: (revision) => {
      if (!answers.isIdle) answers.touched(touchedBy(revision));
    },
    changedAll: () => answers.touched(new Set([everything])),
    close: () => answers.close(),
  };
}

/** Who is connected; read once a connection. */
function peerReader(): (socket: Socket) => Ip | undefined {
  const peers = new WeakMap<Socket, Ip>();
  return (socket) => {
    const known = peers.get(socket);
    if (known !== undefined) return known;
    const peer = parsePeer(socket.remoteAddress);
    if (peer !== undefined) peers.set(socket, peer);
    return peer;
  };
}

function boundConnections(server: Server, onRefused: () => void): void {
  const perAddress = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (perAddress.get(address) ?? 0) + 1;
    if (count > connectionsPerAddress) {
      onRefused();
      socket.destroy();
      return;
    }
    perAddress.set(address, count);
    socket.once('close', () => {
      const left = (perAddress.get(address) ?? 1) - 1;
      if (left > 0) perAddress.set(address, left);
      else perAddress.delete(address);
    });
  });
}
