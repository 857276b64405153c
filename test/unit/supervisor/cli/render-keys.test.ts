import t from 'tap';
import { renderKeys } from '../../../../daemons/supervisor/cli/render-keys.ts';

t.test('keys for people', async (t) => {
  const none = { identity: null, serial: 0, keys: {}, waitsFor: [], hosts: [] };
  t.equal(renderKeys(none), 'no network has needed keys yet\n');
  const text = renderKeys({
    identity: 'abcdef012345',
    serial: 4,
    keys: { wireguard: ['now', 'next'], ipsec: ['one'] },
    waitsFor: ['h2', 'h3'],
    hosts: [
      { host: 'h2', identity: 'fedcba543210', trusted: true },
      { host: 'h3', identity: '000000000000', trusted: false, reason: 'its identity is 0 and was 1' },
    ],
  });
  t.same(text.split('\n'), [
    'identity abcdef012345, serial 4',
    'wireguard now, announced next',
    'ipsec one',
    'the announced keys wait for h2, h3',
    '',
    'HOST  IDENTITY      STATE',
    'h2    fedcba543210  trusted',
    'h3    000000000000  refused: its identity is 0 and was 1',
    '',
  ]);
});
