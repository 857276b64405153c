import t from 'tap';
import { type Asked, refusalOf, securityHeaders } from '../../../../daemons/supervisor/web/guard.ts';

const plain: Asked = { method: 'GET', host: '127.0.0.1:9842', site: undefined, mode: undefined };
const statusOf = (asked: Partial<Asked>, names: string[] = []): number =>
  refusalOf({ ...plain, ...asked }, names)?.status ?? 200;

t.test('addresses, localhost and names that are known are answered to', async (t) => {
  for (const host of [
    '127.0.0.1:9842',
    '127.0.0.1',
    '192.0.2.1:80',
    '[::1]:9842',
    '[fd00::1]',
    'localhost:1',
    'LocalHost',
  ]) {
    t.equal(statusOf({ host }), 200, host);
  }
  t.equal(statusOf({ host: 'node-1.example:9842' }, ['Node-1.example']), 200);
  t.equal(statusOf({ host: 'node-1.example.' }, ['node-1.example']), 200, 'with the dot of a full name');
});

t.test('any other name is not: it may be a stranger’s that leads here', async (t) => {
  const strangers = [
    'evil.example',
    'evil.example:9842',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil',
  ];
  for (const host of [...strangers, '', 'a b', '[::1', '0x7f000001', undefined])
    t.equal(statusOf({ host }), 421, String(host));
  t.equal(statusOf({ host: 'other.example' }, ['node-1.example']), 421);
});

t.test('reading only', async (t) => {
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT'])
    t.equal(statusOf({ method }), 405, method);
  t.equal(statusOf({ method: 'HEAD' }), 200);
});

t.test('a page of another site gets nothing, a link on it leads here', async (t) => {
  t.equal(statusOf({ site: 'cross-site', mode: 'no-cors' }), 403);
  t.equal(statusOf({ site: 'same-site', mode: 'cors' }), 403);
  t.equal(statusOf({ site: 'cross-site', mode: 'navigate' }), 200);
  t.equal(statusOf({ site: 'same-origin', mode: 'cors' }), 200);
  t.equal(statusOf({ site: 'none', mode: 'navigate' }), 200);
});

t.test('the policy allows own files alone', async (t) => {
  const policy = securityHeaders['content-security-policy'] ?? '';
  t.match(policy, /^default-src 'none';/);
  t.notMatch(policy, /unsafe|\*|https?:|data:/);
  t.match(policy, "frame-ancestors 'none'");
});
