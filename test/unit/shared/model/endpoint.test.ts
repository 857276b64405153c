import t from 'tap';
import { isLoopback, parseEndpoint } from '../../../../daemons/shared/model/endpoint.ts';

t.test('an address with a port', async (t) => {
  t.same(parseEndpoint('127.0.0.1:9842'), { host: '127.0.0.1', port: 9842 });
  t.same(parseEndpoint('[::1]:80'), { host: '::1', port: 80 });
  t.same(parseEndpoint('[FD00:0::1]:80'), { host: 'fd00::1', port: 80 });
  for (const text of [
    '',
    '9842',
    ':9842',
    '127.0.0.1',
    '127.0.0.1:0',
    '127.0.0.1:65536',
    '::1:80',
    'localhost:80',
    '1.2.3:4',
  ])
    t.equal(parseEndpoint(text), undefined, text);
});

t.test('all addresses at once are none that was named', async (t) => {
  for (const text of ['0.0.0.0:9842', '[::]:9842', '[0:0::0]:9842']) t.equal(parseEndpoint(text), undefined, text);
});

t.test('which of them nobody else reaches', async (t) => {
  t.ok(isLoopback({ host: '127.9.9.9', port: 1 }));
  t.ok(isLoopback({ host: '::1', port: 1 }));
  t.notOk(isLoopback({ host: '192.0.2.1', port: 1 }));
});
