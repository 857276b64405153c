// `GET /v1/resolve?name=N&type=A&from=IP&trace=1` on the daemon's own socket: what a client at that address would be answered,
// and if wished which rules were tried.
import type { Context, Route } from '../shared/daemon/http.ts';
import { SuiteError } from '../shared/model/errors.ts';
import { type Ip, parseIp } from '../shared/model/ip.ts';
import { parseType, rcodeName, typeName } from './dns-codes.ts';
import { makeQuery } from './query.ts';
import type { Resolver } from './resolver.ts';
import { parseName } from './wire-names.ts';

/** The host itself, which has no container behind it. */
const hostAddress = parseIp('127.0.0.1') as Ip;

export function resolveRoute(resolver: Pick<Resolver, 'resolve'>): Route {
  return { method: 'GET', path: /^\/v1\/resolve$/, handle: (http) => answerResolve(http, resolver) };
}

async function answerResolve(http: Context, resolver: Pick<Resolver, 'resolve'>): Promise<void> {
  const name = parseName(parameter(http, 'name') ?? '');
  const type = parseType(parameter(http, 'type') ?? 'A');
  const from = parameter(http, 'from');
  const source = from === undefined ? hostAddress : parseIp(from);
  if (!name) throw wrong(http, 'name', 'give a domain name such as web.stack.rancher.internal');
  if (type === undefined) throw wrong(http, 'type', 'give a record type such as A, AAAA or TYPE65');
  if (source === undefined) throw wrong(http, 'from', 'give the address of a container');
  const query = makeQuery(name, type);
  if (!query) throw wrong(http, 'name', 'labels have at most 63 bytes, names 255');
  const steps: string[] | undefined = parameter(http, 'trace') === '1' ? [] : undefined;
  const resolved = await resolver.resolve(query, source, steps && ((step) => void steps.push(step)));
  // Only who asks here pays for the package that shows records.
  const { showAnswers } = await import('./codec.ts');
  http.body = {
    name,
    type: typeName(type),
    rcode: rcodeName(resolved.rcode),
    source: resolved.path,
    answers: showAnswers(resolved.bytes),
    ...(steps ? { steps } : {}),
  };
}

function parameter(http: Context, name: string): string | undefined {
  const value = http.query[name];
  return Array.isArray(value) ? value[0] : value;
}

function wrong(http: Context, name: string, hint: string): SuiteError {
  return new SuiteError('USAGE', `resolve with ${name}=${JSON.stringify(parameter(http, name))}`, { hint });
}
