// One question to one upstream: over UDP from a socket of its own (so a fresh, random source port), and again over TCP when
// the reply was cut. The socket is connected: the kernel passes on nothing that comes from elsewhere.
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIP, type Socket } from 'node:net';
import { SuiteError } from '../shared/model/errors.ts';
import { flag } from './dns-codes.ts';
import type { Query } from './query.ts';
import type { ReplyShape } from './read-reply.ts';
import { FrameCutter, frame } from './tcp-frames.ts';
import { matchReply, upstreamRequest } from './upstream-request.ts';
import { nameOfUpstream, type Upstream } from './upstreams.ts';

export interface UpstreamReply {
  readonly message: Uint8Array;
  readonly shape: ReplyShape;
}

/** Rejects when the upstream cannot be reached, or with the signal's reason; it has no deadline of its own. */
export type Exchange = (upstream: Upstream, query: Query, signal: AbortSignal) => Promise<UpstreamReply>;

/** `onMismatch` is told of each message that was no reply to the question: forged, or far too late. */
export function makeExchange(onMismatch: () => void): Exchange {
  return async (upstream, query, signal) => {
    const reply = await overUdp(upstream, query, signal, onMismatch);
    return reply.shape.flags & flag.TC ? overTcp(upstream, query, signal) : reply;
  };
}

function overUdp(
  upstream: Upstream,
  query: Query,
  signal: AbortSignal,
  onMismatch: () => void,
): Promise<UpstreamReply> {
  return new Promise((resolve, reject) => {
    const id = randomInt(0x10000);
    const socket = createSocket({ type: upstream.family === 6 ? 'udp6' : 'udp4', lookup: asItIs });
    let over = false;
    const end = (settle: () => void): void => {
      if (over) return;
      over = true;
      signal.removeEventListener('abort', abort);
      socket.close();
      settle();
    };
    const fail = (cause: unknown): void => end(() => reject(unreachable(upstream, 'udp', cause)));
    const abort = (): void => fail(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    socket.on('error', fail);
    socket.on('message', (message) => {
      const shape = matchReply(query, id, message);
      if (shape) end(() => resolve({ message, shape }));
      else onMismatch();
    });
    const send = (error?: Error): void => {
      if (error) fail(error);
      else if (!over) socket.send(upstreamRequest(query, id), (sent) => sent && fail(sent));
    };
    socket.connect(upstream.port, upstream.host, send);
  });
}

function overTcp(upstream: Upstream, query: Query, signal: AbortSignal): Promise<UpstreamReply> {
  return new Promise((resolve, reject) => {
    const id = randomInt(0x10000);
    const socket: Socket = connect({ host: upstream.host, port: upstream.port, family: upstream.family });
    const cutter = new FrameCutter();
    const fail = (cause: unknown): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      reject(unreachable(upstream, 'tcp', cause));
    };
    const abort = (): void => fail(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('closed without a whole reply')));
    socket.on('connect', () => socket.write(frame(upstreamRequest(query, id))));
    socket.on('data', (chunk) => {
      const [message] = cutter.push(chunk);
      if (!message) return;
      const shape = matchReply(query, id, message);
      signal.removeEventListener('abort', abort);
      if (shape) resolve({ message, shape });
      else fail(new Error('answered another question'));
      socket.destroy();
    });
  });
}

/** Addresses need no resolver; Node's own would go through the thread pool. Called for the local end (`0.0.0.0`) as well. */
function asItIs(host: string, _family: unknown, done: (error: null, address: string, family: number) => void): void {
  done(null, host, isIP(host));
}

function unreachable(upstream: Upstream, transport: string, cause: unknown): SuiteError {
  if (cause instanceof SuiteError) return cause;
  const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
  return new SuiteError('NOT_RUNNING', `ask ${nameOfUpstream(upstream)} over ${transport}: ${reason}`, { cause });
}
