// POST /v1/reload: read the answers file again. On the daemon's own socket, and on a loopback port for scripts that were made
// for the original, if the configuration names one (metadata reference, section 11).
import { closeServer, listen, makeHttpServer, type Route } from '../shared/daemon/http.ts';
import type { DaemonContext } from '../shared/daemon/life.ts';
import { renderError, SuiteError } from '../shared/model/errors.ts';

export function reloadRoute(reload: () => Promise<void>): Route {
  return {
    method: 'POST',
    path: /^\/v1\/reload$/,
    handle: async (context) => {
      context.type = 'text/plain';
      try {
        await reload();
        context.body = 'OK';
      } catch (error) {
        context.status = 500;
        context.body = renderError(error);
      }
    },
  };
}

/** Serves the route at `where` (`none`: nowhere). A port that is taken is told, and is no reason to stop. */
export async function serveReload(
  where: string,
  route: Route,
  { health, log }: Pick<DaemonContext, 'health' | 'log'>,
): Promise<{ close(): Promise<void> }> {
  if (where === 'none') return { close: async () => {} };
  const server = makeHttpServer({ routes: [route] });
  const mark = where.lastIndexOf(':');
  try {
    await listen(server, { host: where.slice(0, mark), port: Number(where.slice(mark + 1)) });
    health.set('reload-port', { ok: true, text: `listening on ${where}` });
  } catch (error) {
    const code = error instanceof SuiteError ? error.code : 'INTERNAL';
    health.set('reload-port', { ok: false, degradesOnly: true, code, text: (error as Error).message });
    log.warn({ event: 'reload.unavailable', error }, 'reloads are taken on the socket alone');
  }
  return { close: () => closeServer(server) };
}
