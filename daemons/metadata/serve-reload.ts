// POST /v1/reload: read the answers file again. On the daemon's own socket, and on a loopback port for scripts that were made
// for the original, if the configuration names one (metadata reference, section 11).
import { closeServer, listen, makeHttpServer, type Route, type Server } from '../shared/daemon/http.ts';
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

/** The loopback port. Where it is may change; a port that is taken is told, and is no reason to stop. */
export class ReloadPort {
  readonly #route: Route;
  readonly #context: Pick<DaemonContext, 'health' | 'log'>;
  #where = 'none';
  #server: Server | undefined;
  /** One change after the other. */
  #change: Promise<void> = Promise.resolve();

  constructor(route: Route, context: Pick<DaemonContext, 'health' | 'log'>) {
    this.#route = route;
    this.#context = context;
  }

  /** `none`: nowhere. Resolves when it is so, or cannot be. */
  use(where: string): Promise<void> {
    this.#change = this.#change.then(() => this.#move(where));
    return this.#change;
  }

  close(): Promise<void> {
    return this.use('none');
  }

  async #move(where: string): Promise<void> {
    if (where === this.#where) return;
    this.#where = where;
    const { health, log } = this.#context;
    if (this.#server) await closeServer(this.#server);
    this.#server = undefined;
    if (where === 'none') {
      health.set('reload-port', { ok: true, text: 'reloads are taken on the socket alone' });
      return;
    }
    const server = makeHttpServer({ routes: [this.#route] });
    const mark = where.lastIndexOf(':');
    try {
      await listen(server, { host: where.slice(0, mark), port: Number(where.slice(mark + 1)) });
      this.#server = server;
      health.set('reload-port', { ok: true, text: `listening on ${where}` });
    } catch (error) {
      const code = error instanceof SuiteError ? error.code : 'INTERNAL';
      health.set('reload-port', { ok: false, degradesOnly: true, code, text: (error as Error).message });
      log.warn({ event: 'reload.unavailable', error }, 'reloads are taken on the socket alone');
    }
  }
}
