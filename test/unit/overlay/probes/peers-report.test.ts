import t from 'tap';
import type { PeerView } from '../../../../daemons/overlay/probes/peer-book.ts';
import { reportPeers, stateOfPeers, stateOfSizes } from '../../../../daemons/overlay/probes/peers-report.ts';
import { type ProbeTarget, probeNetwork } from '../../../../daemons/overlay/probes/targets.ts';
import { cluster, hostIdOf, hostObject } from '../../../fixtures/overlay-objects.ts';
import { factsOf, wishOf } from '../support.ts';

const wish = wishOf(cluster(9));
const targets = probeNetwork(wish.networks[0]!, factsOf(wish), () => 1_450).targets;

function viewOf(at: number, rest: Partial<PeerView<ProbeTarget>> = {}): PeerView<ProbeTarget> {
  return { target: targets[at]!, state: 'up', since: 1_000, lastReply: 4_000, rttMs: 0.41239, mtuOk: true, ...rest };
}

t.test('what readers are told', async (t) => {
  const [first, second] = reportPeers(
    [viewOf(1, { state: 'unknown', lastReply: undefined, rttMs: undefined, mtuOk: undefined }), viewOf(0)],
    {
      now: 5_000,
      wall: Date.UTC(2026, 0, 1),
    },
    [
      {
        network: 'corral',
        hostId: hostIdOf(3),
        state: 'connecting',
        lastRekeyMs: null,
        ageMs: null,
        rxBytes: 0,
        txBytes: 9,
      },
    ],
  );
  t.same(first, {
    network: 'corral',
    hostId: hostIdOf(2),
    host: 'node-2',
    address: '192.168.50.12',
    driver: 'vxlan',
    state: 'up',
    lastReplyMs: 1_000,
    rttMs: 0.412,
    mtuOk: true,
    since: '2025-12-31T23:59:56.000Z',
    tunnel: null,
  });
  t.match(second, { host: 'node-3', state: 'unknown', lastReplyMs: null, rttMs: null, mtuOk: null });
  t.same(second?.tunnel, { state: 'connecting', lastRekeyMs: null, ageMs: null, rxBytes: 0, txBytes: 9 });
});

t.test('lost peers degrade, and are named', async (t) => {
  t.match(stateOfPeers([]), { ok: true, text: 'no peers' });
  t.match(stateOfPeers([viewOf(0), viewOf(1, { state: 'unknown' })]), { ok: true, text: '1 of 2 peers answer' });
  const one = stateOfPeers([viewOf(0), viewOf(1, { state: 'down' })]);
  t.match(one, { ok: false, degradesOnly: true, code: 'PEER_LOST', text: 'no answer through the overlay: node-3' });
  const all = stateOfPeers(targets.map((_, at) => viewOf(at, { state: 'down' })));
  t.match(all, {
    ok: false,
    degradesOnly: true,
    text: 'none of 8 peers answers: node-2, node-3, node-4, node-5, node-6 and 3 more',
  });
});

t.test('ways that are too small', async (t) => {
  t.equal(stateOfSizes([viewOf(0), viewOf(1, { mtuOk: undefined })]).ok, true);
  t.equal(
    stateOfSizes([viewOf(0, { state: 'down', mtuOk: false })]).ok,
    true,
    'who is not reached at all is named elsewhere',
  );
  const small = {
    ok: false,
    degradesOnly: true,
    code: 'PATH_TOO_SMALL',
    text: 'packets of full size do not reach node-2',
  };
  t.match(stateOfSizes([viewOf(0, { mtuOk: false })]), small);
});

t.test('who is probed, and from where', async (t) => {
  const without = probeNetwork(wish.networks[0]!, { addresses: new Map(), paths: new Map() }, () => 1_350);
  t.equal(without.from, undefined, 'the bridge is not there');
  t.equal(without.targets[0]?.fullLength, 1_322);
  t.match(targets[0], { key: `corral/${hostIdOf(2)}`, gateway: '10.42.2.1', vni: 1042 });
  const lonely = wishOf([...cluster(1), hostObject(2)]);
  t.same(probeNetwork(lonely.networks[0]!, factsOf(lonely), () => 1_450).targets, []);
});
