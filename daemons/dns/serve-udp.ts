// The UDP side without hot workers: one socket of Node's on the service address. Replies leave from the address that was asked.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { SuiteError } from '../shared/model/errors.ts';
import { type Ip, parseIp } from '../shared/model/ip.ts';
import { guardQuery } from './guard.ts';
import type { Verdict } from './hot/rate-limit.ts';
import { writeTruncated } from './hot/write-hot.ts';
import type { Transport } from './query.ts';

export type Handle = (
  packet: Uint8Array,
  source: Ip,
  transport: Transport,
) => Uint8Array | undefined | Promise<Uint8Array | undefined>;

export interface Callers {
  allows(source: Ip): boolean;
  allowsAfterLook(source: Ip): Promise<boolean>;
  /** Counts an answer over UDP; absent: without limit. */
  limit?(source: Ip): Verdict;
}

export interface ServeOptions {
  readonly address: string;
  readonly port: number;
  readonly handle: Handle;
  readonly callers: Callers;
  readonly onDropped: (reason: 'caller' | 'backlog' | 'send' | 'connections' | 'limited') => void;
  /** The listener broke after it had been opened. */
  readonly onBroken: (error: Error) => void;
}

export interface Listener {
  close(): void | Promise<void>;
}

const bufferBytes = 2 * 1024 * 1024;
/** Replies that the kernel has not taken yet; beyond, new ones are dropped, as the kernel itself would do. */
const maxBacklogBytes = 4 * 1024 * 1024;

/** Resolves when bound; a taken port is PORT_TAKEN. */
export function serveUdp(options: ServeOptions): Promise<Listener> {
  const socket = createSocket({
    type: options.address.includes(':') ? 'udp6' : 'udp4',
    recvBufferSize: bufferBytes,
    sendBufferSize: bufferBytes,
  });
  return new Promise((resolve, reject) => {
    const refused = (cause: NodeJS.ErrnoException): void => {
      socket.close();
      reject(cannotListen(options, 'udp', cause));
    };
    socket.once('error', refused);
    socket.bind({ address: options.address, port: options.port, exclusive: true }, () => {
      socket.off('error', refused);
      socket.on('error', (error) => {
        socket.close();
        options.onBroken(error);
      });
      socket.on('message', (packet, from) => void take(socket, packet, from, options));
      resolve({ close: () => closeQuietly(socket) });
    });
  });
}

async function take(socket: Socket, packet: Buffer, from: RemoteInfo, options: ServeOptions): Promise<void> {
  const source = parseIp(from.address);
  if (source === undefined || from.port === 0) return;
  if (!options.callers.allows(source) && !(await options.callers.allowsAfterLook(source))) {
    options.onDropped('caller');
    return;
  }
  const verdict = options.callers.limit?.(source) ?? 'pass';
  if (verdict !== 'pass') {
    options.onDropped('limited');
    if (verdict === 'slip') sendTruncated(socket, packet, from, options);
    return;
  }
  const handled = options.handle(packet, source, 'udp');
  const reply = handled instanceof Promise ? await handled : handled;
  if (!reply) return;
  if (socket.getSendQueueSize() > maxBacklogBytes) options.onDropped('backlog');
  else sendQuietly(socket, reply, from, options);
}

function sendTruncated(socket: Socket, packet: Buffer, from: RemoteInfo, options: ServeOptions): void {
  const shape = guardQuery(packet);
  if (shape.verdict !== 'sound') return;
  const length = writeTruncated(packet, 0, shape.questionEnd);
  sendQuietly(socket, packet.subarray(0, length), from, options);
}

/** A client that is gone, or a socket closed meanwhile, is nobody's fault; it is counted. */
function sendQuietly(socket: Socket, reply: Uint8Array, to: RemoteInfo, options: ServeOptions): void {
  try {
    socket.send(reply, to.port, to.address, (error) => {
      if (error) options.onDropped('send');
    });
  } catch {
    options.onDropped('send');
  }
}

function closeQuietly(socket: Socket): void {
  try {
    socket.close();
  } catch {
    // Closed before: that is what was wanted.
  }
}

/** The reason as an error with a remedy. */
export function cannotListen(
  on: { address: string; port: number },
  transport: Transport,
  cause: NodeJS.ErrnoException,
): SuiteError {
  const taken = cause.code === 'EADDRINUSE';
  const attempted = `listen on ${on.address}:${on.port}/${transport}: ${cause.code ?? cause.message}`;
  if (!taken) return new SuiteError('INTERNAL', attempted, { cause });
  return new SuiteError('PORT_TAKEN', attempted, {
    cause,
    hint: `find who holds it with: ss -lntup | grep :${on.port} ; a resolver on all addresses can be bound to its own one`,
  });
}
