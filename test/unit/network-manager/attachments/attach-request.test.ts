import t from 'tap';
import {
  parseAttachRequest,
  parseDetachRequest,
} from '../../../../daemons/network-manager/attachments/attach-request.ts';

t.test('what is well formed', async (t) => {
  t.same(parseAttachRequest({ target: '/run/netns/x' }), {
    target: '/run/netns/x',
    name: undefined,
    network: undefined,
    labels: {},
    publish: [],
  });
  const full = {
    target: 'web',
    name: 'web-1',
    network: 'corral',
    labels: { a: 'b' },
    publish: ['8080:80', '53:53/udp', '8080:80/tcp'],
  };
  t.match(parseAttachRequest(full), {
    name: 'web-1',
    network: 'corral',
    labels: { a: 'b' },
    publish: ['0.0.0.0:53:53/udp', '0.0.0.0:8080:80/tcp'],
  });
  t.same(parseDetachRequest({ target: 'web' }), { target: 'web' });
  t.match(parseAttachRequest({ target: 'web', name: null, network: null }), { name: undefined, network: undefined });
});

t.test('what is refused, and with which code', async (t) => {
  const cases: [unknown, string][] = [
    [undefined, 'USAGE'],
    [null, 'USAGE'],
    [[], 'USAGE'],
    [{}, 'USAGE'],
    [{ target: '' }, 'USAGE'],
    [{ target: 7 }, 'USAGE'],
    [{ target: '/run/netns/x\0' }, 'USAGE'],
    [{ target: `/${'x'.repeat(5000)}` }, 'USAGE'],
    [{ target: '../x' }, 'NAME_INVALID'],
    [{ target: 'a b' }, 'NAME_INVALID'],
    [{ target: 'web', extra: 1 }, 'USAGE'],
    [{ target: 'web', name: '' }, 'NAME_INVALID'],
    [{ target: 'web', name: 'a/b' }, 'NAME_INVALID'],
    [{ target: 'web', name: 'x\n' }, 'NAME_INVALID'],
    [{ target: 'web', name: 'x'.repeat(64) }, 'NAME_INVALID'],
    [{ target: 'web', network: '../etc' }, 'NAME_INVALID'],
    [{ target: 'web', labels: [] }, 'USAGE'],
    [{ target: 'web', labels: { 'a b': '' } }, 'USAGE'],
    [{ target: 'web', labels: { a: 1 } }, 'USAGE'],
    [{ target: 'web', labels: { a: 'x'.repeat(4097) } }, 'USAGE'],
    [{ target: 'web', labels: Object.fromEntries(Array.from({ length: 257 }, (_, at) => [`l${at}`, ''])) }, 'USAGE'],
    [{ target: 'web', publish: '80:80' }, 'USAGE'],
    [{ target: 'web', publish: ['80'] }, 'USAGE'],
    [{ target: 'web', publish: ['80:80; reboot'] }, 'USAGE'],
    [{ target: 'web', publish: [{}] }, 'USAGE'],
  ];
  for (const [body, code] of cases)
    t.throws(() => parseAttachRequest(body), { code }, JSON.stringify(body)?.slice(0, 60));
  t.throws(() => parseDetachRequest({ target: 'web', name: 'x' }), { code: 'USAGE' });
});
