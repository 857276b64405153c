// Pure: which requests the page's port answers, and the headers of every answer.
//
// What a browser on this host shows must not reach a stranger's page in the next tab. A name of theirs that suddenly leads to
// 127.0.0.1 (DNS rebinding) still stands in the Host header, so names are refused unless they are known; an address there was
// typed in as one and proves itself.
import { isIP } from 'node:net';

export interface Asked {
  readonly method: string | undefined;
  /** The header `Host`. */
  readonly host: string | undefined;
  /** `Sec-Fetch-Site` and `Sec-Fetch-Mode`: where the request comes from, in the word of the browser. */
  readonly site: string | undefined;
  readonly mode: string | undefined;
}

export interface Refusal {
  readonly status: 403 | 405 | 421;
  readonly message: string;
}

/** @param names host names that are answered to beside addresses and `localhost`, in any case of letters */
export function refusalOf(asked: Asked, names: readonly string[]): Refusal | undefined {
  if (asked.method !== 'GET' && asked.method !== 'HEAD') {
    return { status: 405, message: 'everything here is for reading' };
  }
  const name = nameIn(asked.host);
  if (name === undefined) return { status: 421, message: 'the request names no host' };
  if (!isIP(name) && name !== 'localhost' && !names.some((known) => known.toLowerCase() === name)) {
    return { status: 421, message: 'this host is not asked by that name; supervisor.names in corral.yaml allows more' };
  }
  const foreign = asked.site !== undefined && asked.site !== 'same-origin' && asked.site !== 'none';
  if (foreign && asked.mode !== 'navigate') return { status: 403, message: 'asked by the page of another site' };
  return undefined;
}

/** The host of a Host header, lower-case, without port, brackets and a last dot. */
function nameIn(header: string | undefined): string | undefined {
  const match = /^(\[[\da-f:.]+\]|[a-z\d._-]+)(?::\d{1,5})?$/i.exec(header ?? '');
  return match?.[1]?.toLowerCase().replace(/^\[|\]$|\.$/g, '');
}

/** Own files and nothing else: what a hostile name smuggles into the page runs nowhere and tells nobody. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};
