// GET /v1/tree/<version>/<path>[?from=IP] on the daemon's own socket: what the service would answer to that caller. For
// `corral get` and for people who look into things; it never waits.
import type { Route } from '../shared/daemon/http.ts';
import { SuiteError } from '../shared/model/errors.ts';
import { parseIp } from '../shared/model/ip.ts';
import { answer, fromOf, type Trees } from './answer.ts';
import type { Catalog } from './catalog.ts';
import { queryValue } from './http-target.ts';

const prefix = '/v1/tree';

export function treeRoute(catalog: Catalog, trees: Trees): Route {
  return {
    method: 'GET',
    path: /^\/v1\/tree(\/|$)/,
    handle: (http) => {
      const url = http.req.url ?? prefix;
      const mark = url.indexOf('?');
      const from = mark < 0 ? undefined : queryValue(url.slice(mark + 1), 'from');
      const address = from === undefined ? undefined : parseIp(from);
      if (from !== undefined && address === undefined) {
        throw new SuiteError('USAGE', `answer as ${JSON.stringify(from.slice(0, 64))}`, {
          hint: 'from is an IPv4 address',
        });
      }
      const self = address === undefined ? undefined : catalog.containerAt(address);
      const target = url.slice(prefix.length) || '/';
      const { accept } = http.req.headers;
      const { status, headers, body } = answer(trees, {
        method: 'GET',
        target,
        accept,
        self,
        from: fromOf(trees, address),
      });
      http.respond = false;
      http.res.writeHead(
        status,
        headers.map((text, at) => (headers[at - 1] === 'Location' ? `${prefix}${text}` : text)),
      );
      http.res.end(body);
    },
  };
}
