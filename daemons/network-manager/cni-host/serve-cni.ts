// The server behind cni.sock: runs the plugins' library for runtimes that start the shim. Only root may call; the caller's
// file system is reached through its pid, which the kernel tells and the caller cannot forge.
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { Cni, CniReply } from '../../../cni-plugins/library.ts';
import { peerCredentials } from '../../shared/effects/libc.ts';
import { hasCode, SuiteError } from '../../shared/model/errors.ts';
import { within } from '../../shared/reconcile/within.ts';
import { errorReplyFor, greeting, RequestReader, renderReply, type ShimRequest } from './protocol.ts';
import { Turns } from './turns.ts';

export interface CniHostOptions {
  readonly path: string;
  readonly cni: Pick<Cni, 'handle'>;
  /** Told of each verb that was served, for metrics. */
  readonly onServed?: (verb: string, exitCode: number, seconds: number) => void;
  /** A verb's deadline, and that for a request to arrive. */
  readonly verbMs?: number;
  readonly requestMs?: number;
  readonly maxConnections?: number;
}

export interface CniHost {
  close(): Promise<void>;
}

/** All but one wait for metadata's acknowledgement; what more of them held would outlive the young generation. DELs gather, so they do not wait. */
const addsAtOnce = 32;

const tryAgain = 11;
const decode = 6;
const forbidden = 4;

export async function serveCni(options: CniHostOptions): Promise<CniHost> {
  const open = new Set<Socket>();
  const turns = { adds: new Turns(addsAtOnce), others: new Turns(Number.POSITIVE_INFINITY) };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    turns.adds.hold();
    turns.others.hold();
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    converse(socket, options, turns);
  });
  server.maxConnections = options.maxConnections ?? 512;
  rmSync(options.path, { force: true });
  await listening(server, options.path);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Verbs under way would be served to nobody; their callers go on by themselves.
        for (const socket of open) socket.destroy();
      }),
  };
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(new SuiteError('PORT_TAKEN', `listen on ${path}: ${cause.code ?? cause.message}`, { cause }));
    });
    server.listen(path, resolve);
  });
}

function converse(socket: Socket, options: CniHostOptions, turns: { adds: Turns; others: Turns }): void {
  const peer = peerOf(socket);
  if (peer.uid !== 0) {
    end(socket, errorReplyFor(new SuiteError('NOT_ROOT', `serve the user ${peer.uid}`), forbidden));
    return;
  }
  socket.write(greeting);
  const requestMs = options.requestMs ?? 10_000;
  const timer = setTimeout(() => {
    end(socket, errorReplyFor(new SuiteError('DEADLINE', `no request in ${requestMs} ms`), tryAgain));
  }, requestMs);
  socket.on('close', () => clearTimeout(timer));
  const reader = new RequestReader();
  let asked = false;
  let gone = false;
  const refuse = (error: unknown): void => {
    clearTimeout(timer);
    if (!hasCode(error, 'PROTOCOL')) throw error;
    end(socket, errorReplyFor(error, decode));
  };
  socket.on('data', (chunk: Buffer) => {
    if (asked) return;
    try {
      const request = reader.push(chunk);
      if (!request) return;
      asked = true;
      clearTimeout(timer);
      // A caller that was killed while it waited has been told of a failure, and its DEL may be done by now.
      const work = async (): Promise<void> => {
        if (!gone) await serve(socket, request, peer.pid, options);
      };
      void (request.env.CNI_COMMAND === 'DEL' ? turns.others : turns.adds).run(work);
    } catch (error) {
      asked = true;
      refuse(error);
    }
  });
  socket.on('end', () => {
    gone = true;
    if (!asked) refuse(new SuiteError('PROTOCOL', 'the caller closed before it had sent a request'));
  });
}

async function serve(socket: Socket, request: ShimRequest, peerPid: number, options: CniHostOptions): Promise<void> {
  const { env, stdin, program } = request;
  const verb = env.CNI_COMMAND ?? '';
  const began = performance.now();
  // 0: the caller lives in a pid namespace that we cannot see, so its own word would name a stranger.
  const callerRoot = peerPid > 0 ? `/proc/${peerPid}/root` : '';
  const work = options.cni.handle({ env, stdin, callerRoot, ...(program !== undefined && { program }) });
  let reply: CniReply;
  try {
    reply = await within(options.verbMs ?? 30_000, `CNI ${verb.slice(0, 16)}`, work);
  } catch (error) {
    reply = errorReplyFor(asSuiteError(error), tryAgain);
  }
  options.onServed?.(verb, reply.exitCode, (performance.now() - began) / 1000);
  end(socket, reply);
}

function end(socket: Socket, reply: CniReply): void {
  if (socket.destroyed) return;
  socket.end(renderReply(reply), () => socket.destroy());
}

function peerOf(socket: Socket): { pid: number; uid: number } {
  const { _handle: handle } = socket as unknown as { _handle?: { fd?: number } };
  if (handle?.fd === undefined || handle.fd < 0)
    throw new SuiteError('INTERNAL', 'ask for the peer of a closed socket');
  return peerCredentials(handle.fd);
}

function asSuiteError(error: unknown): SuiteError {
  return error instanceof SuiteError ? error : new SuiteError('INTERNAL', String(error), { cause: error });
}
