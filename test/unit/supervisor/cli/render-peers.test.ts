import t from 'tap';
import { type Peer, renderPeers, renderStoreLine } from '../../../../daemons/supervisor/cli/render-peers.ts';

const now = Date.parse('2026-01-01T00:10:00Z');
const peer: Peer = {
  network: 'corral',
  hostId: 'uuid-2',
  host: 'h2',
  address: '192.0.2.2',
  driver: 'vxlan',
  state: 'up',
  lastReplyMs: 400,
  rttMs: 0.412,
  mtuOk: true,
  since: '2026-01-01T00:00:00Z',
};

t.test('few peers are listed one by one', async (t) => {
  const lost: Peer = { ...peer, host: 'h3', address: '192.0.2.3', state: 'down', rttMs: null };
  const small: Peer = { ...peer, host: 'h4', address: '192.0.2.4', mtuOk: false, since: 'never' };
  t.equal(
    renderPeers([peer, lost, small], now),
    [
      '',
      'PEER  NETWORK  ADDRESS    STATE                           RTT      SINCE',
      'h2    corral   192.0.2.2  up                              0.41 ms  10m 0s',
      'h3    corral   192.0.2.3  down                            -        10m 0s',
      'h4    corral   192.0.2.4  up, full-size packets are lost  0.41 ms  -',
      '',
    ].join('\n'),
  );
  t.equal(renderPeers([], now), '');
});

t.test('what secret drivers know of their tunnels stands below', async (t) => {
  const tunnel = { state: 'established', lastRekeyMs: 75_000, rxBytes: 1_234_567, txBytes: 999 } as const;
  const silent: Peer = {
    ...peer,
    host: 'h3',
    driver: 'wireguard',
    tunnel: { state: 'connecting', lastRekeyMs: null, rxBytes: 0, txBytes: 123_456_789 },
  };
  const text = renderPeers(
    [{ ...peer, driver: 'wireguard', tunnel }, silent, { ...peer, host: 'h4', tunnel: null }],
    now,
  );
  t.same(text.split('\n').slice(-4), [
    'TUNNEL  NETWORK  DRIVER     SESSION      KEYS AGREED  RECEIVED  SENT',
    'h2      corral   wireguard  established  1m 15s ago   1.2 MB    999 B',
    'h3      corral   wireguard  connecting   never        0 B       123 MB',
    '',
  ]);
});

t.test('of many only those that are not well', async (t) => {
  const many = Array.from({ length: 100 }, (_, at): Peer => ({ ...peer, host: `h${at}` }));
  t.equal(renderPeers(many, now), '\n100 of 100 peers are up\n');
  const text = renderPeers([...many, { ...peer, host: 'lost', state: 'down', rttMs: null }], now);
  t.match(text, /^\nPEER .*\nlost .* down .*\n100 of 101 peers are up\n$/);
});

t.test('the store has a line where hosts share it', async (t) => {
  const store = {
    kind: 'etcd',
    connected: false,
    clusterId: 'c',
    endpoints: ['http://192.0.2.9:2379'],
    waiting: 3,
    state: 'cut-off',
  } as const;
  t.match(renderStoreLine(store), /^\nstore: etcd at http:\/\/192\.0\.2\.9:2379: not reached.*; 3 changes wait\n$/);
  t.notMatch(renderStoreLine({ ...store, state: 'joined', waiting: 0 }), 'wait');
  t.equal(renderStoreLine({ ...store, kind: 'sqlite', state: 'sqlite', endpoints: [] }), '');
});
