// What every daemon tells on its socket: health, readiness, metrics, log level, and `life`, the open connection by which the
// supervisor knows that it lives: its event loop writes a beat each second, so a blocked loop falls silent.
import type { ServerResponse } from 'node:http';
import { SuiteError } from '../model/errors.ts';
import type { Health } from './health.ts';
import { type Context, type Route, readJson } from './http.ts';
import type { DaemonContext } from './life.ts';
import { type LogLevel, logLevels } from './log-levels.ts';
import { version } from './version.ts';

export const beatMs = 1_000;
const maxLifeStreams = 16;
/** A listener that lets this much pile up reads nothing; it is cut. */
const maxBacklogBytes = 64 * 1024;

export function statusRoutes(context: DaemonContext): { routes: Route[]; end(): void } {
  const streams = new Set<ServerResponse>();
  const tell = (line: object): void => {
    for (const stream of streams) {
      if (stream.writableLength > maxBacklogBytes) stream.destroy();
      else stream.write(`${JSON.stringify(line)}\n`);
    }
  };
  context.health.onChange((report) => tell({ health: report }));
  const beat = setInterval(() => tell({ beat: {} }), beatMs).unref();
  const routes: Route[] = [
    ...healthRoutes(context.health),
    get(/^\/metrics$/, async (http) => {
      http.type = 'text/plain; version=0.0.4';
      http.body = await context.metrics.text();
    }),
    get(/^\/v1\/life$/, (http) => openLife(http, context, streams)),
    get(/^\/v1\/loglevel$/, (http) => {
      http.body = { level: context.log.level };
    }),
    { method: 'PUT', path: /^\/v1\/loglevel$/, handle: async (http) => setLevel(http, context) },
  ];
  const end = (): void => {
    clearInterval(beat);
    for (const stream of streams) stream.end();
  };
  return { routes, end };
}

/** That the process answers, and whether it can do its work. */
export function healthRoutes(health: Health): Route[] {
  return [
    get(/^\/healthz$/, (http) => {
      http.body = { ok: true };
    }),
    get(/^\/readyz$/, (http) => {
      const report = health.report();
      http.status = report.state === 'unready' ? 503 : 200;
      http.body = report;
    }),
  ];
}

function get(path: RegExp, handle: Route['handle']): Route {
  return { method: 'GET', path, handle };
}

function openLife(http: Context, context: DaemonContext, streams: Set<ServerResponse>): void {
  if (streams.size >= maxLifeStreams) throw new SuiteError('BUSY', `open more than ${maxLifeStreams} life streams`);
  http.respond = false;
  http.res.writeHead(200, { 'content-type': 'application/x-ndjson' });
  streams.add(http.res);
  http.res.on('close', () => streams.delete(http.res));
  const hello = { daemon: context.name, pid: process.pid, version, memory: process.memoryUsage.rss() };
  http.res.write(`${JSON.stringify({ hello })}\n${JSON.stringify({ health: context.health.report() })}\n`);
}

async function setLevel(http: Context, context: DaemonContext): Promise<void> {
  const body = (await readJson(http)) as { level?: unknown } | null;
  if (!logLevels.includes(body?.level as LogLevel)) {
    throw new SuiteError('USAGE', `set the log level ${JSON.stringify(body?.level)}`, {
      hint: `one of ${logLevels.join(', ')}`,
    });
  }
  context.log.level = body?.level as LogLevel;
  http.body = { level: context.log.level };
}
