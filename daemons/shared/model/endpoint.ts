// Pure: an address with a port, as a server is told where to listen: `127.0.0.1:9842`, `[::1]:9842`.
import { parseIp, renderIp } from './ip.ts';

export interface Endpoint {
  /** Canonical, without brackets. */
  readonly host: string;
  readonly port: number;
}

const form = /^(\d[\d.]*|\[[\da-f:.]{2,45}\]):(\d{1,5})$/i;

/** Undefined also for an address that stands for all of them: a server listens on one that was named. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = form.exec(text);
  const ip = parseIp(match?.[1]?.replace(/^\[|\]$/g, '') ?? '');
  const port = Number(match?.[2]);
  if (ip === undefined || port < 1 || port > 65_535) return undefined;
  const host = renderIp(ip);
  return host === '0.0.0.0' || host === '::' ? undefined : { host, port };
}

export function isLoopback({ host }: Endpoint): boolean {
  return host === '::1' || host.startsWith('127.');
}
