// What the page's port serves, all of it for reading: the page's files, its view of the suite, metrics and health.
import type { Health } from '../../shared/daemon/health.ts';
import type { Context, Route } from '../../shared/daemon/http.ts';
import { healthRoutes } from '../../shared/daemon/status-routes.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { readPageFiles } from '../page-files.ts';
import type { Lookout } from './lookout.ts';
import { viewOf } from './view.ts';
import type { Viewers } from './viewers.ts';

export interface PageSources {
  readonly health: Health;
  readonly lookout: Lookout;
  readonly viewers: Viewers;
  readonly metrics: () => Promise<string>;
}

const maxFilter = 100;

export function pageRoutes({ health, lookout, viewers, metrics }: PageSources): Route[] {
  const get = (path: RegExp, handle: Route['handle']): Route => ({ method: 'GET', path, handle });
  const routes = [
    ...healthRoutes(health),
    get(/^\/metrics$/, async (http) => {
      http.type = 'text/plain; version=0.0.4; charset=utf-8';
      http.body = await metrics();
    }),
    get(/^\/v1\/overview$/, async (http) => {
      const filter = filterIn(http);
      const look = lookout.look();
      try {
        await lookout.ready();
        http.body = viewOf(lookout.facts(), filter);
      } finally {
        look();
      }
    }),
    ...fileRoutes(get),
  ];
  return [
    ...routes,
    ...routes.map((route): Route => ({ ...route, method: 'HEAD' })),
    get(/^\/v1\/stream$/, (http) => viewers.open(http, filterIn(http))),
  ];
}

function fileRoutes(get: (path: RegExp, handle: Route['handle']) => Route): Route[] {
  const files = readPageFiles();
  return [
    get(/^\/[a-z-]*(\.[a-z]+)?$/, (http) => {
      const file = files.get(http.path);
      if (!file) throw new SuiteError('NAME_NOT_FOUND', `find ${http.path}`);
      http.set('etag', file.etag);
      http.set('cache-control', 'no-cache');
      http.type = file.type;
      if (http.get('if-none-match') === file.etag) http.status = 304;
      else http.body = file.body;
    }),
  ];
}

function filterIn(http: Context): string {
  const filter = http.query.filter ?? '';
  if (typeof filter !== 'string' || filter.length > maxFilter) {
    throw new SuiteError('USAGE', `filter by more than one text of ${maxFilter} characters`);
  }
  return filter;
}
