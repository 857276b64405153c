// One member of etcd over plain HTTP: its health, how long it took, and its clock (a Go server tells it in every answer).
import { readFileSync } from 'node:fs';
import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import type { Config } from '../../shared/daemon/config.ts';
import type { EtcdSight } from './judge/services.ts';

const maxAnswer = 4_096;

export interface AskedEtcd extends EtcdSight {
  /** Its clock less ours, seconds; null: not told. */
  readonly aheadSeconds: number | null;
}

export function askEtcd(endpoint: string, tls: Config['store']['tls'], timeoutMs: number): Promise<AskedEtcd> {
  const begun = performance.now();
  const sight = (health: EtcdSight['health'], aheadSeconds: number | null = null): AskedEtcd => {
    return { endpoint, health, aheadSeconds, tookMs: performance.now() - begun };
  };
  return new Promise((resolve) => {
    const failed = (error: Error): void => {
      const isLate = error.name === 'AbortError' || error.name === 'TimeoutError';
      resolve(sight({ ok: false, why: isLate ? `no answer in ${timeoutMs} ms` : error.message }));
    };
    try {
      const url = new URL('/health', endpoint);
      const options = { signal: AbortSignal.timeout(timeoutMs), agent: false as const, ...keysOf(tls) };
      const ask = url.protocol === 'https:' ? requestSecure : requestPlain;
      const outgoing = ask(url, options, (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk: string) => {
          text = (text + chunk).slice(0, maxAnswer);
        });
        incoming.on('error', failed);
        incoming.on('end', () => {
          const ahead = aheadOf(incoming.headers.date, Date.now());
          const isHealthy = incoming.statusCode === 200 && /"health"\s*:\s*"?true/.test(text);
          const why = `status ${incoming.statusCode}: ${text.trim().slice(0, 100)}`;
          resolve(sight(isHealthy ? { ok: true, text: 'healthy' } : { ok: false, why }, ahead));
        });
      });
      outgoing.on('error', failed);
      outgoing.end();
    } catch (error) {
      failed(error as Error); // a certificate that cannot be read
    }
  });
}

function keysOf(tls: Config['store']['tls']): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  if (tls === 'none') return {};
  const { ca, cert, key } = tls;
  return { ca: readFileSync(ca), ...(cert && { cert: readFileSync(cert) }), ...(key && { key: readFileSync(key) }) };
}

/** The header has whole seconds: half a one is the middle of what it may mean. */
function aheadOf(date: string | undefined, now: number): number | null {
  const theirs = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(theirs) ? null : (theirs + 500 - now) / 1_000;
}
