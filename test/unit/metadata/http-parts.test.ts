import t from 'tap';
import { negotiate } from '../../../daemons/metadata/http-accept.ts';
import { callerOf, parsePeer, parseTrusted } from '../../../daemons/metadata/http-caller.ts';
import { parseTarget, queryValue } from '../../../daemons/metadata/http-target.ts';
import { hasNews, parsePoll } from '../../../daemons/metadata/poll-request.ts';
import { parseIp } from '../../../daemons/shared/model/ip.ts';
import { parseIpv4 } from '../../../daemons/shared/model/ipv4.ts';

const ip = (text: string) => parseIpv4(text)!;

t.test('Accept decides the format', async (t) => {
  const cases: readonly [string | undefined, 'text' | 'json'][] = [
    [undefined, 'text'],
    ['', 'text'],
    ['*/*', 'text'],
    ['application/json', 'json'],
    ['APPLICATION/JSON; charset=utf-8', 'json'],
    ['application/*', 'json'],
    ['text/*', 'text'],
    ['text/plain, application/json', 'text'],
    ['application/json, text/plain', 'text'],
    ['text/plain;q=0.5, application/json', 'json'],
    ['text/html, application/json;q=0.2, */*;q=0.1', 'json'],
    ['application/json;q=0', 'text'],
    ['application/json;q=0, */*', 'text'],
    ['application/json;q=nonsense', 'text'],
    ['image/png', 'text'],
    ['*/*, application/json', 'json'],
    [`${'x/y,'.repeat(500)}application/json`, 'text'],
  ];
  for (const [accept, format] of cases) t.equal(negotiate(accept), format, accept?.slice(0, 60) ?? 'none');
});

t.test('who is asked for', async (t) => {
  t.equal(parsePeer('::ffff:10.42.0.7'), ip('10.42.0.7'));
  t.equal(parsePeer('10.42.0.7'), ip('10.42.0.7'));
  t.equal(parsePeer('fd42::7'), parseIp('fd42::7'));
  t.equal(parsePeer('fe80::1%eth0'), undefined);
  t.equal(parsePeer(undefined), undefined);
  const trusted = parseTrusted(['192.0.2.1', '10.9.0.0/16']);
  const proxy = ip('192.0.2.1');
  const cases: readonly [number, string | undefined, string | undefined][] = [
    [ip('10.42.0.7'), '10.42.0.8', '10.42.0.7'],
    [proxy, undefined, '192.0.2.1'],
    [proxy, '  ', '192.0.2.1'],
    [proxy, '10.42.0.8', '10.42.0.8'],
    [proxy, '10.42.0.8, 10.42.0.9', '10.42.0.9'],
    [proxy, '10.42.0.8, 10.9.1.1', '10.42.0.8'],
    [proxy, '10.9.1.1, 10.9.1.2', '10.9.1.1'],
    [proxy, 'default', undefined],
    [proxy, '10.42.0.8, nonsense', undefined],
  ];
  for (const [peer, forwarded, caller] of cases) {
    t.equal(
      callerOf(peer as typeof proxy, forwarded, trusted),
      caller === undefined ? undefined : ip(caller),
      forwarded ?? 'none',
    );
  }
});

t.test('targets', async (t) => {
  const steps = (target: string) => {
    const parsed = parseTarget(target);
    return parsed.kind === 'value' ? [parsed.version, ...parsed.steps] : parsed.kind;
  };
  t.same(steps('/latest/a/b?x=/c'), ['latest', 'a', 'b']);
  t.same(steps('/latest/a///'), 'redirect');
  t.same(steps('/latest/%2e%2e/x'), 'redirect');
  t.same(steps('/latest/%252F'), ['latest', '%2F']);
  t.same(steps('/latest/%ff'), ['latest', '\ufffd']);
  t.same(steps('/latest/%00'), ['latest', '\0']);
  t.same(steps('/latest/%C3%A9+%F0%9F%98%80'), ['latest', 'é 😀']);
  t.same(steps('/latest/%'), 'bad');
  t.same(steps('/latest/%4'), 'bad');
  t.same(steps(''), 'versions');
  t.same(steps('?x=1'), 'versions');
  t.same(steps('latest'), 'nothing');
  t.equal(queryValue('a=1&b=%20x+y&b=2&c', 'b'), ' x y');
  t.equal(queryValue('a=1&c', 'c'), '');
  t.equal(queryValue('a=1', 'c'), undefined);
  t.equal(queryValue('a=b=c', 'a'), 'b=c');
});

t.test('long-poll parameters', async (t) => {
  const poll = (target: string) => {
    const parsed = parseTarget(target);
    const found = parsed.kind === 'value' ? parsePoll(parsed) : undefined;
    return found && [found.value, found.maxWaitMs];
  };
  t.same(poll('/latest/version?wait=true&value=init&maxWait=5'), ['init', 5_000]);
  t.same(poll('/latest/version?maxWait=5&value=a%2Bb&wait=true'), ['a+b', 5_000]);
  t.same(poll('/latest/version?wait=true'), ['', 60_000]);
  for (const maxWait of ['0', 'x', '', '1.5', ' '])
    t.same(poll(`/latest/v?wait=true&maxWait=${maxWait}`), ['', 60_000]);
  t.same(poll('/latest/v?wait=true&maxWait=500'), ['', 120_000]);
  t.same(poll('/latest/v?wait=true&maxWait=-1'), undefined);
  t.same(poll('/latest/v?wait=TRUE'), undefined);
  t.same(poll('/latest/v?wait=false&wait=true'), undefined);
  t.same(poll('/latest/v?wait=true&value=a%3Fb'), undefined);
  t.same(poll('/latest/v?wait=true&value=a%26b'), undefined);
  t.same(poll('/latest?wait=true&value=x'), undefined);
});

t.test('what counts as news', async (t) => {
  t.equal(hasNews(undefined, ''), false, 'what is not there is waited for');
  t.equal(hasNews('x', 'x'), false);
  t.equal(hasNews('x', 'y'), true);
  t.equal(hasNews('', ''), false);
  t.equal(hasNews(5, '5'), false);
  t.equal(hasNews(true, 'true'), false);
  t.equal(hasNews(null, '<nil>'), false);
  t.equal(hasNews(null, ''), true);
  t.equal(hasNews([], ''), true);
  t.equal(hasNews({}, ''), true);
});
