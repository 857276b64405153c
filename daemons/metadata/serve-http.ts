// The service that containers ask: plain HTTP in front of the catalog. Requests are taken before koa sees them. Who is not
// local is cut without a word; slow and idle connections are bounded in number and in time.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { makeHttpServer, type Server } from '../shared/daemon/http.ts';
import { httpLimits } from '../shared/daemon/limits.ts';
import type { Metrics } from '../shared/daemon/metrics.ts';
import type { LocalCallers } from '../shared/effects/local-callers.ts';
import type { Cidr4, Ipv4 } from '../shared/model/ipv4.ts';
import { type Answer, draftAnswer, fromOf, type Trees } from './answer.ts';
import { AnswerCache } from './answer-cache.ts';
import type { Catalog } from './catalog.ts';
import { everything, touchedBy } from './dependents.ts';
import { hasTag } from './entity-tag.ts';
import { callerOf, isTrusted, parsePeer } from './http-caller.ts';
import { parseTarget } from './http-target.ts';
import { LongPolls, pollLimits } from './long-polls.ts';
import { parsePoll } from './poll-request.ts';
import { SendBudget } from './send-budget.ts';
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

const tooMuch = {
  headers: { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff', 'Retry-After': '1' },
  text: 'Too many large answers are on their way\n',
};

export function serveHttp(options: HttpOptions): MetadataHttp {
  const { catalog, trees, callers, metrics, trusted } = options;
  const cache = new AnswerCache({ catalog, trees });
  const polls = new LongPolls({ catalog, trees });
  const held = new WeakSet<Socket>();
  const budget = new SendBudget();
  let served = 0;
  metrics.count('corral_metadata_requests_total', 'Requests answered', () => served);
  const refused = metrics.counter('corral_metadata_connections_refused_total', 'Connections cut', ['reason']);
  metrics.count(
    'corral_metadata_answers_refused_total',
    'Large answers refused for want of room',
    () => budget.refused,
  );
  metrics.gauge('corral_metadata_answers_kept', 'Answers kept ready', () => cache.size);
  metrics.gauge('corral_metadata_long_polls', 'Requests held until something changes', () => polls.size);
  metrics.count('corral_metadata_long_polls_woken_total', 'Long polls answered for news', () => polls.woken);
  metrics.gauge(
    'corral_metadata_long_polls_refused',
    'Long polls answered at once for want of room',
    () => polls.refused,
  );

  const respond = (request: IncomingMessage, response: ServerResponse, answer: Answer): void => {
    served += 1;
    const known = request.headers['if-none-match'];
    if (known !== undefined && answer.tag !== undefined && hasTag(known, answer.tag)) {
      response.writeHead(304, { ETag: answer.tag, 'Access-Control-Allow-Origin': '*' }).end();
      return;
    }
    if (!budget.take(answer, response)) {
      response.writeHead(503, tooMuch.headers).end(tooMuch.text);
      return;
    }
    response.writeHead(answer.status, answer.headers as string[]);
    const { content } = answer;
    if (request.method === 'HEAD') response.end();
    else if (typeof content === 'string') response.end(content, 'latin1');
    else {
      for (const part of content.slice(0, -1)) response.write(part);
      response.end(content.at(-1));
    }
  };
  const answerNow = (request: IncomingMessage, response: ServerResponse, caller: Ipv4 | undefined): void => {
    const { method = 'GET', url: target = '/', headers } = request;
    const { accept } = headers;
    const self = caller === undefined ? undefined : catalog.containerAt(caller);
    const from = fromOf(trees, caller);
    const key = `${self?.id ?? ''}${from === undefined ? '' : ` ${from}`}\n${method === 'HEAD' ? 'GET' : method}\n${accept ?? ''}\n${target}`;
    const known = cache.get(key);
    if (known) respond(request, response, known);
    else {
      const begin = () => draftAnswer(trees, { method, target, accept, self, from });
      cache.make(key, begin, (answer) => respond(request, response, answer));
    }
  };
  const serve = (request: IncomingMessage, response: ServerResponse, peer: Ipv4): void => {
    const forwarded = request.headers['x-forwarded-for'];
    const caller = callerOf(peer, Array.isArray(forwarded) ? forwarded[0] : forwarded, trusted());
    const { method, url: target = '/', socket } = request;
    if (target.includes('wait') && (method === 'GET' || method === 'HEAD')) {
      const parsed = parseTarget(target);
      const poll = parsed.kind === 'value' ? parsePoll(parsed) : undefined;
      const wake = (): void => {
        held.delete(socket);
        answerNow(request, response, caller);
      };
      const giveUp = poll && polls.hold(poll, { peer, caller, wake });
      if (giveUp) {
        held.add(socket);
        response.on('close', giveUp);
        return;
      }
    }
    answerNow(request, response, caller);
  };

  const peers = new WeakMap<Socket, Ipv4>();
  const peerOf = (socket: Socket): Ipv4 | undefined => {
    const known = peers.get(socket);
    if (known !== undefined) return known;
    const peer = parsePeer(socket.remoteAddress);
    if (peer !== undefined) peers.set(socket, peer);
    return peer;
  };
  const server = makeHttpServer({
    routes: [],
    maxConnections: httpLimits.maxConnections + pollLimits.total,
    fast: (request, response) => {
      const peer = peerOf(request.socket);
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
  const touched = (names: ReadonlySet<string>): void => {
    cache.touched(names);
    polls.touched(names);
  };
  return {
    server,
    changed: (revision) => touched(touchedBy(revision)),
    changedAll: () => touched(new Set([everything])),
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
