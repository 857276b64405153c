// `GET /v1/events` of the supervisor: a page of JSON, or with `follow=true` one event a line for as long as the reader stays.
import type { ServerResponse } from 'node:http';
import type { Context, Route } from '../../shared/daemon/http.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import type { SuiteEvent } from './event.ts';
import type { EventRing } from './event-ring.ts';

const mostReaders = 16;
/** A reader that lets this much pile up reads nothing; it is cut. */
const maxBacklogBytes = 256 * 1024;
const usualLimit = 100;
const mostAtOnce = 1_000;

export function serveEvents(ring: EventRing): { route: Route; end(): void } {
  const readers = new Set<ServerResponse>();
  const tell = (reader: ServerResponse, event: SuiteEvent): void => {
    if (reader.writableLength > maxBacklogBytes) reader.destroy();
    else reader.write(`${JSON.stringify(event)}\n`);
  };
  ring.onEvent((event) => {
    for (const reader of readers) tell(reader, event);
  });
  const follow = (http: Context, events: readonly SuiteEvent[]): void => {
    if (readers.size >= mostReaders) throw new SuiteError('BUSY', `serve more than ${mostReaders} readers of events`);
    http.respond = false;
    http.res.writeHead(200, { 'content-type': 'application/x-ndjson' });
    http.res.flushHeaders();
    for (const event of events) tell(http.res, event);
    readers.add(http.res);
    http.res.on('close', () => readers.delete(http.res));
  };
  const route: Route = {
    method: 'GET',
    path: /^\/v1\/events$/,
    handle: (http) => {
      const query = new URLSearchParams(http.querystring);
      const page = ring.after(query.get('since') ?? undefined, limitOf(query.get('limit')));
      if (query.get('follow') === 'true') follow(http, page.events);
      else http.body = page;
    },
  };
  const end = (): void => {
    for (const reader of readers) reader.end();
  };
  return { route, end };
}

function limitOf(text: string | null): number {
  if (text === null) return usualLimit;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (limit <= mostAtOnce) return limit;
  throw new SuiteError('USAGE', `read ${text} events`, { hint: `limit is a number up to ${mostAtOnce}` });
}
