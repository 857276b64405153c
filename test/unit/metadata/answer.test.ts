// What the conformance table (conformance/rows.ts) does not tell: headers, places of redirects.
import t from 'tap';
import { answer } from '../../../daemons/metadata/answer.ts';
import { parseIpv4 } from '../../../daemons/shared/model/ipv4.ts';
import { World } from './world.ts';

const world = new World();
const ask = (target: string, from = '-', accept: 'T' | 'J' = 'T', method = 'GET') => {
  const address = parseIpv4(from);
  const self = address === undefined ? undefined : world.catalog.containerAt(address);
  const given = answer(world.trees, { method, target, accept: accept === 'J' ? 'application/json' : undefined, self });
  const headers = new Map<string, string>();
  for (let at = 0; at < given.headers.length; at += 2)
    headers.set(given.headers[at]!.toLowerCase(), given.headers[at + 1]!);
  return { status: given.status, body: given.body.toString('utf8'), headers };
};

const metadata = '/latest/services/front/metadata';

t.test('headers: types, no sniffing, open to browsers; none of it on what is no data', async (t) => {
  const text = ask('/latest/name').headers;
  t.equal(text.get('content-type'), 'text/plain; charset=utf-8');
  t.equal(text.get('x-content-type-options'), 'nosniff');
  t.equal(text.get('access-control-allow-origin'), '*');
  t.equal(ask('/latest/name', '-', 'J').headers.get('content-type'), 'application/json');
  t.equal(ask('/latest/nope').headers.get('access-control-allow-origin'), '*');
  t.equal(ask(`${metadata}/nul`).headers.get('content-type'), undefined, 'an empty body has no type');
  t.equal(ask('/favicon.ico').headers.get('access-control-allow-origin'), undefined);
});

t.test('row 50: the cleaned location keeps the query', async (t) => {
  t.equal(ask('/latest//services').headers.get('location'), '/latest/services');
  t.equal(ask('/latest/../latest/./a%20b//?x=1').headers.get('location'), '/latest/a%20b/?x=1');
});
