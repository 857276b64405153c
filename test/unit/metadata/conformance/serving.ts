// The service on a loopback port, for requests as their bytes are: no client in between that would clean a path.
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import type { Trees } from '../../../../daemons/metadata/answer.ts';
import type { Catalog } from '../../../../daemons/metadata/catalog.ts';
import { parseTrusted } from '../../../../daemons/metadata/http-caller.ts';
import { type MetadataHttp, serveHttp } from '../../../../daemons/metadata/serve-http.ts';
import { closeServer, listen } from '../../../../daemons/shared/daemon/http.ts';
import { Metrics } from '../../../../daemons/shared/daemon/metrics.ts';
import type { LocalCallers } from '../../../../daemons/shared/effects/local-callers.ts';

export interface Given {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Asking {
  readonly method?: string | undefined;
  readonly from?: string | undefined;
  readonly accept?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Serving {
  readonly http: MetadataHttp;
  ask(path: string, how?: Asking): Promise<Given>;
}

/** Loopback may name other callers by X-Forwarded-For. */
export async function serving(t: Test, catalog: Catalog, trees: Trees): Promise<Serving> {
  const callers = { allows: () => true, allowsAfterLook: async () => true } as unknown as LocalCallers;
  const trusted = parseTrusted(['127.0.0.1']);
  const http = serveHttp({ catalog, trees, callers, metrics: new Metrics('metadata'), trusted: () => trusted });
  await listen(http.server, { host: '127.0.0.1', port: 0 });
  t.teardown(async () => {
    http.close();
    await closeServer(http.server, 0);
  });
  const { port } = http.server.address() as AddressInfo;
  const ask = (path: string, how: Asking = {}): Promise<Given> =>
    new Promise((resolve, reject) => {
      const headers = {
        ...(how.from === undefined ? {} : { 'X-Forwarded-For': how.from }),
        ...(how.accept === undefined ? {} : { Accept: how.accept }),
        ...how.headers,
      };
      const options = {
        host: '127.0.0.1',
        port,
        path,
        method: how.method ?? 'GET',
        headers,
        agent: false,
        timeout: 10_000,
      };
      const outgoing = request(options, (incoming) => {
        const parts: Buffer[] = [];
        incoming.on('data', (part: Buffer) => parts.push(part));
        incoming.on('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            body: Buffer.concat(parts).toString('utf8'),
            headers: incoming.headers,
          }),
        );
        incoming.on('error', reject);
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer: ${path}`)));
      outgoing.on('error', reject);
      outgoing.end();
    });
  return { http, ask };
}
