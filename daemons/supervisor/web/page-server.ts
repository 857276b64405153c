// The HTTP server of the page, not listening yet: every request passes the guard, every answer has its headers.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { makeHttpServer, type Route, type Server } from '../../shared/daemon/http.ts';
import { refusalOf, securityHeaders } from './guard.ts';

export interface PageServerOptions {
  readonly routes: Route[];
  /** Host names that are answered to; asked at each request. */
  readonly names: () => readonly string[];
  readonly onRefused: () => void;
}

const maxConnections = 64;

export function makePageServer({ routes, names, onRefused }: PageServerOptions): Server {
  const fast = (request: IncomingMessage, response: ServerResponse): boolean => {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    const { method, headers } = request;
    const { host, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = headers;
    const refusal = refusalOf({ method, host, site: textOf(site), mode: textOf(mode) }, names());
    if (!refusal) return false;
    onRefused();
    if (refusal.status === 405) response.setHeader('allow', 'GET, HEAD');
    response.writeHead(refusal.status, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify({ code: 'USAGE', message: refusal.message }));
    return true;
  };
  return makeHttpServer({ routes, fast, maxConnections });
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'object' ? header.join() : header;
}
