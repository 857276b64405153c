// The page's port. Where it is may change; one that is taken is told and tried again, and is no reason to stop: the page is how
// one looks at the suite, not what it is for.
import type { Config } from '../../shared/daemon/config.ts';
import { closeServer, listen, type Route, type Server } from '../../shared/daemon/http.ts';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import { type Endpoint, isLoopback, parseEndpoint } from '../../shared/model/endpoint.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { Loop } from '../../shared/reconcile/loop.ts';
import { makePageServer } from './page-server.ts';

type Where = Config['supervisor'];

const everyMs = 5_000;

export class Door {
  /** Requests that were refused before they were read. */
  refused = 0;
  readonly #routes: Route[];
  readonly #context: Pick<DaemonContext, 'health' | 'log'>;
  readonly #loop: Loop;
  #where: Where;
  #open: { readonly server: Server; readonly listen: string } | undefined;

  constructor(routes: Route[], context: Pick<DaemonContext, 'health' | 'log'>, where: Where) {
    this.#routes = routes;
    this.#context = context;
    this.#where = where;
    this.#loop = new Loop({ pass: () => this.#pass(), failed: (error) => this.#failed(error), everyMs });
    this.#loop.poke();
  }

  use(where: Where): void {
    this.#where = where;
    this.#loop.poke();
  }

  async close(): Promise<void> {
    await this.#loop.close();
    await this.#shut();
  }

  async #pass(): Promise<void> {
    const wanted = this.#where.listen;
    if (this.#open?.listen !== wanted) await this.#shut();
    const { health, log } = this.#context;
    const endpoint = parseEndpoint(wanted);
    if (!endpoint) {
      health.set('page', { ok: true, degradesOnly: true, text: 'the page is switched off' });
      return;
    }
    if (!this.#open) {
      const server = makePageServer({
        routes: this.#routes,
        names: () => this.#where.names,
        onRefused: () => {
          this.refused += 1;
        },
      });
      await listen(server, endpoint);
      this.#open = { server, listen: wanted };
      log.info({ event: 'page.listening', where: wanted }, 'the page can be looked at');
    }
    health.set('page', { ok: true, degradesOnly: true, text: textOf(endpoint, wanted) });
  }

  #failed(error: unknown): void {
    const known = error instanceof SuiteError ? error : undefined;
    const text = `the page is not to be seen: ${(error as Error).message}`;
    const { health, log } = this.#context;
    const fault = { ok: false, degradesOnly: true, code: known?.code ?? 'INTERNAL', text, hint: known?.hint } as const;
    if (health.set('page', fault)) log.warn({ event: 'page.unavailable', error }, 'the page cannot be looked at');
  }

  async #shut(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open) await closeServer(open.server);
  }
}

function textOf(endpoint: Endpoint, where: string): string {
  return isLoopback(endpoint) ? `listening on ${where}` : `listening on ${where}, which others can reach`;
}
