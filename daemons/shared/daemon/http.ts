// The only user of koa: servers on unix sockets and addresses, all with the same bounds. A `fast` handler may take a request
// before koa sees it (koa halves the requests a core can answer).
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import Koa, { type Context } from 'koa';
import { fittingSocketPath } from '../effects/socket-path.ts';
import { SuiteError } from '../model/errors.ts';
import { httpLimits } from './limits.ts';

export type RouteHandler = (context: Context, match: RegExpExecArray) => Promise<void> | void;
/** Returns true when it took the request. */
export type FastHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly path: RegExp;
  readonly handle: RouteHandler;
}

export interface HttpOptions {
  readonly routes: Route[];
  readonly fast?: FastHandler;
  readonly maxConnections?: number;
}

/** A server that is not listening yet. Routes may be added to the array later. */
export function makeHttpServer(options: HttpOptions): Server {
  const app = new Koa();
  app.silent = true;
  app.use(async (context) => {
    try {
      await dispatch(options.routes, context);
    } catch (error) {
      answerError(context, error);
    }
  });
  const viaKoa = app.callback();
  const server = createServer(
    {
      headersTimeout: httpLimits.headersTimeoutMs,
      requestTimeout: httpLimits.requestTimeoutMs,
      keepAliveTimeout: httpLimits.keepAliveTimeoutMs,
      maxHeaderSize: httpLimits.maxHeaderBytes,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      if (options.fast?.(request, response)) return;
      void viaKoa(request, response);
    },
  );
  server.maxConnections = options.maxConnections ?? httpLimits.maxConnections;
  return server;
}

async function dispatch(routes: readonly Route[], context: Context): Promise<void> {
  for (const route of routes) {
    const match = route.method === context.method ? route.path.exec(context.path) : null;
    if (match) return void (await route.handle(context, match));
  }
  context.status = 404;
  context.body = { code: 'USAGE', message: `no such path: ${context.method} ${context.path}` };
}

const statusOfCode: Readonly<Record<string, number>> = {
  USAGE: 400,
  NETWORK_UNKNOWN: 404,
  TARGET_UNKNOWN: 404,
  NAME_NOT_FOUND: 404,
  ATTACHMENT_EXISTS: 409,
  ADDRESS_TAKEN: 409,
  ADDRESSES_EXHAUSTED: 409,
  NO_BLOCK_LEFT: 409,
  SUBNET_OVERLAP: 409,
  VNI_TAKEN: 409,
  SUBNET_IN_USE: 409,
  NETWORK_EXISTS: 409,
  NETWORK_IN_USE: 409,
  CLUSTER_MISMATCH: 409,
  CONFIG_DECIDES: 409,
  HOST_ALIVE: 409,
  BUSY: 429,
  NOT_READY: 503,
  STORE_UNAVAILABLE: 503,
  CLUSTER_WAIT: 503,
  BLOCK_MISSING: 503,
};

function answerError(context: Context, error: unknown): void {
  const known = error instanceof SuiteError ? error : undefined;
  context.status = known ? (statusOfCode[known.code] ?? 500) : 500;
  context.body = {
    code: known?.code ?? 'INTERNAL',
    message: error instanceof Error ? error.message : String(error),
    hint: known?.hint ?? null,
  };
}

/** The request's body as JSON, bounded in size. */
export async function readJson(context: Context): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of context.req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > httpLimits.maxBodyBytes)
      throw new SuiteError('USAGE', `send a body of more than ${httpLimits.maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw new SuiteError('USAGE', 'send a body that is not JSON', { cause });
  }
}

/** Listens on a unix socket path or an address; a taken address is PORT_TAKEN. */
export function listen(server: Server, on: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => {
      const where = 'path' in on ? on.path : `${on.host}:${on.port}`;
      const taken = cause.code === 'EADDRINUSE';
      reject(
        new SuiteError(taken ? 'PORT_TAKEN' : 'INTERNAL', `listen on ${where}: ${cause.code ?? cause.message}`, {
          cause,
          ...(taken ? { hint: `find who holds it with: ss -lntup | grep ${'port' in on ? on.port : on.path}` } : {}),
        }),
      );
    };
    server.once('error', fail);
    server.listen('path' in on ? { path: fittingSocketPath(on.path) } : on, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

/** Stops accepting, ends idle connections, gives the others a moment. */
export async function closeServer(server: Server, graceMs = 1_000): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}

export type { Context, Server };
