// The service that containers ask: plain HTTP in front of the catalog. Requests are taken before koa sees them. Who is not
// local is cut without a word; slow and idle connections are bounded in number and in time.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { makeHttpServer, type Server } from '../shared/daemon/http.ts';
import { httpLimits } from '../shared/daemon/limits.ts';
import type { Metrics } from '../shared/daemon/metrics.ts';
import type { LocalCallers } from '../shared/effects/local-callers.ts';
import type { Cidr4, Ipv4 } from '../shared/model/ipv4.ts';
import { type Answer, answer, type Trees } from './answer.ts';
import { AnswerCache } from './answer-cache.ts';
import type { Catalog } from './catalog.ts';
import { callerOf, isTrusted, parsePeer } from './http-caller.ts';
import { parseTarget } from './http-target.ts';
import { LongPolls, pollLimits } from './long-polls.ts';
import { parsePoll } from './poll-request.ts';

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
  /** The catalog has changed. */
  changed(): void;
  /** Answers those who wait; the server itself is closed by its owner. */
  close(): void;
}

/** One container may not take all connections from the others. */
const connectionsPerAddress = httpLimits.maxConnections;
/** A client that neither sends nor reads for this long is cut, unless it is a held poll. */
const stuckMs = 10_000;

export function serveHttp(options: HttpOptions): MetadataHttp {
  const { catalog, trees, callers, metrics, trusted } = options;
  const cache = new AnswerCache();
  const polls = new LongPolls({ catalog, trees });
  const held = new WeakSet<Socket>();
  const requests = metrics.counter('corral_metadata_requests_total', 'Requests answered');
  const refused = metrics.counter('corral_metadata_connections_refused_total', 'Connections cut', ['reason']);
  metrics.gauge('corral_metadata_long_polls', 'Requests held until something changes', () => polls.size);
  metrics.gauge(
    'corral_metadata_long_polls_refused',
    'Long polls answered at once for want of room',
    () => polls.refused,
  );

  const serve = (request: IncomingMessage, response: ServerResponse, peer: Ipv4): void => {
    const forwarded = request.headers['x-forwarded-for'];
    const caller = callerOf(peer, Array.isArray(forwarded) ? forwarded[0] : forwarded, trusted());
    const { method = 'GET', url: target = '/', headers } = request;
    const { accept } = headers;
    const respond = (one: Answer): void => {
      requests.inc();
      response.writeHead(one.status, one.headers as string[]);
      response.end(method === 'HEAD' ? undefined : one.body);
    };
    if (target.includes('wait') && (method === 'GET' || method === 'HEAD')) {
      const parsed = parseTarget(target);
      const poll = parsed.kind === 'value' ? parsePoll(parsed) : undefined;
      const giveUp = poll && polls.hold(poll, { peer, caller, accept, respond: release(request.socket, respond) });
      if (giveUp) {
        held.add(request.socket);
        response.on('close', giveUp);
        return;
      }
    }
    const self = caller === undefined ? undefined : catalog.containerAt(caller);
    const key = `${self?.id ?? ''}\n${method === 'HEAD' ? 'GET' : method}\n${accept ?? ''}\n${target}`;
    respond(cache.get(key, () => answer(trees, { method, target, accept, self })));
  };
  const release = (socket: Socket, respond: (one: Answer) => void) => (one: Answer) => {
    held.delete(socket);
    respond(one);
  };

  const server = makeHttpServer({
    routes: [],
    maxConnections: httpLimits.maxConnections + pollLimits.total,
    fast: (request, response) => {
      const peer = parsePeer(request.socket.remoteAddress);
      if (peer === undefined) request.socket.destroy();
      else if (callers.allows(peer) || isTrusted(trusted(), peer)) serve(request, response, peer);
      else void letIn(peer, request, response);
      return true;
    },
  });
  const letIn = async (peer: Ipv4, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (await callers.allowsAfterLook(peer)) serve(request, response, peer);
    else {
      refused.inc({ reason: 'not-local' });
      request.socket.destroy();
    }
  };
  boundConnections(server, () => refused.inc({ reason: 'too-many' }));
  server.setTimeout(stuckMs, (socket) => {
    if (held.has(socket)) return;
    refused.inc({ reason: 'stuck' });
    socket.destroy();
  });
  return {
    server,
    changed: () => {
      cache.clear();
      polls.look();
    },
    close: () => polls.close(),
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
