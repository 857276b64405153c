// Judgements about rules, subnets, sizes, ports, peers, services and what is left over.
import t from 'tap';
import { hooks } from '../../../../daemons/shared/model/hooks.ts';
import { parseCidr4 } from '../../../../daemons/shared/model/ipv4.ts';
import { parseSave } from '../../../../daemons/shared/reconcile/iptables-save.ts';
import type { Peer } from '../../../../daemons/supervisor/cli/render-peers.ts';
import {
  judgeBlocks,
  judgeMtu,
  judgePathMtu,
  judgePeers,
  judgePorts,
  judgeSubnets,
} from '../../../../daemons/supervisor/doctor/judge/networks.ts';
import { judgeBackends, judgeOrder } from '../../../../daemons/supervisor/doctor/judge/rules.ts';
import {
  judgeContainerView,
  judgeDns,
  judgeEngines,
  judgeEtcd,
  judgeLeftovers,
} from '../../../../daemons/supervisor/doctor/judge/services.ts';
import { droppingChains } from '../../../../daemons/supervisor/doctor/parse-nft.ts';
import { isListening } from '../../../../daemons/supervisor/doctor/parse-sockets.ts';
import type { Verdict } from '../../../../daemons/supervisor/doctor/verdict.ts';

type Row = readonly [Verdict, Verdict['result'], RegExp];

function check(rows: readonly Row[]): void {
  for (const [verdict, result, words] of rows) {
    t.equal(verdict.result, result, verdict.evidence);
    t.match(verdict.evidence, words);
    t.equal(verdict.next === null, result === 'pass' || result === 'skip', 'a remedy where one is needed');
  }
}

const quiet = { own: 'nft', others: { foreign: 0, ours: 0 }, dropping: [] } as const;
check([
  [judgeBackends(quiet), 'pass', /^nft/],
  [judgeBackends({ ...quiet, others: null }), 'pass', /^nft/],
  [judgeBackends({ ...quiet, others: { foreign: 3, ours: 0 } }), 'warn', /iptables-legacy holds 3 rules/],
  [judgeBackends({ ...quiet, own: 'legacy', others: { foreign: 3, ours: 2 } }), 'fail', /2 rules .* iptables-nft/],
  [judgeBackends({ ...quiet, dropping: ['inet firewalld filter_FORWARD'] }), 'warn', /inet firewalld/],
]);

const forward = hooks.filter(({ chain }) => chain === 'CATTLE_FORWARD');
const filter = (...rules: string[]) =>
  parseSave(['*filter', ':FORWARD DROP [0:0]', ':CATTLE_FORWARD - [0:0]', ...rules, 'COMMIT', ''].join('\n'));
check([
  [judgeOrder(new Map(), forward), 'fail', /no chain/],
  [judgeOrder(filter(), forward), 'fail', /nothing leads to CATTLE_FORWARD/],
  [judgeOrder(filter('-A FORWARD -j CATTLE_FORWARD', '-A FORWARD -j DROP'), forward), 'pass', /1 chains/],
  [
    judgeOrder(filter('-A FORWARD -i x -j REJECT', '-A FORWARD -j CATTLE_FORWARD'), forward),
    'fail',
    /FORWARD has “-i x -j REJECT”/,
  ],
  [judgeOrder(filter('-A FORWARD -j DOCKER-USER', '-A FORWARD -j CATTLE_FORWARD'), forward), 'pass', /1 chains/],
]);

const route = (dst: string, device: string | null) => ({ dst: parseCidr4(dst)!, device, own: false });
const corral = [{ name: 'corral', subnet: '10.42.0.0/16' }];
const around = { routes: [route('0.0.0.0/0', 'eth0')], devices: ['eth0', 'corral0'], hasK3s: false };
check([
  [judgeSubnets(corral, around), 'pass', /corral 10\.42/],
  [judgeSubnets(corral, { ...around, routes: [route('10.42.7.0/24', 'tun0')] }), 'fail', /10\.42\.7\.0\/24 by tun0/],
  [judgeSubnets(corral, { ...around, routes: [route('10.42.7.0/24', 'corral0')] }), 'pass', /corral/],
  [judgeSubnets(corral, { ...around, hasK3s: true }), 'warn', /k3s/],
  [judgeSubnets([{ name: 'x', subnet: '10.99.0.0/16' }], { ...around, hasK3s: true }), 'pass', /x/],
  [judgeBlocks([{ ...corral[0]!, block: null, owned: [] }]), 'skip', /no network/],
  [judgeBlocks([{ ...corral[0]!, block: 24, owned: ['a'] }]), 'pass', /1 of 256/],
  [judgeBlocks([{ ...corral[0]!, block: 19, owned: Array(7).fill('a') }]), 'warn', /7 of 8/],
  [judgeBlocks([{ ...corral[0]!, block: 19, owned: Array(8).fill('a') }]), 'fail', /no further host/],
]);

const device = { network: 'corral', driver: 'vxlan', device: 'corral0', mtu: 1_450 } as const;
const dnsPort = { protocol: 'udp', address: '169.254.169.250', port: 53, purpose: 'DNS' } as const;
check([
  [judgeMtu(undefined, 4, [device]), 'skip', /no default route/],
  [judgeMtu(1_500, 4, []), 'skip', /no bridge/],
  [judgeMtu(1_500, 4, [device]), 'pass', /corral0 1450/],
  [judgeMtu(1_400, 4, [device]), 'fail', /corral0 has 1450, and vxlan over IPv4 adds 50/],
  [judgeMtu(1_500, 6, [device]), 'fail', /corral0 has 1450, and vxlan over IPv6 adds 70/],
  [judgeMtu(1_500, 6, [{ ...device, driver: 'ipsec', mtu: 1_382 }]), 'pass', /corral0 1382/],
  [judgeMtu(1_500, 6, [{ ...device, driver: 'wireguard', mtu: 1_420 }]), 'pass', /corral0 1420/],
  [judgePorts([dnsPort], () => true), 'pass', /1 port/],
  [judgePorts([dnsPort], () => false), 'fail', /udp 169\.254\.169\.250:53 \(DNS\)/],
]);

const peer: Peer = {
  ...{ network: 'corral', hostId: 'h', host: 'node-2', address: '192.0.2.12', driver: 'vxlan', state: 'up' },
  ...{ lastReplyMs: 500, rttMs: 1, mtuOk: true, since: '2026-11-29T00:00:00Z' },
};
check([
  [judgePeers([]), 'skip', /no other host/],
  [judgePeers([peer, { ...peer, state: 'unknown' }]), 'pass', /1 of 2 peers/],
  [
    judgePeers([{ ...peer, state: 'down', lastReplyMs: 20_000 }]),
    'fail',
    /node-2 \(192\.0\.2\.12, last answer 20 s ago\)/,
  ],
  [judgePathMtu([]), 'skip', /no other host/],
  [judgePathMtu([{ ...peer, mtuOk: null }]), 'skip', /no peer was tried/],
  [judgePathMtu([peer]), 'pass', /1 peer/],
  [judgePathMtu([{ ...peer, mtuOk: false }]), 'fail', /do not reach node-2/],
]);
t.match(judgePeers([{ ...peer, driver: 'ipsec', state: 'down' }]).next, /UDP 500 and 4500/);
t.match(judgePeers([{ ...peer, driver: 'wireguard', state: 'down' }]).next, /UDP 51820/);

const good = { ok: true, text: 'NOERROR' } as const;
const none = { ok: true, text: 'NXDOMAIN' } as const;
const late = { ok: false, why: 'no answer in 3000 ms' } as const;
const web = { container: 'web', self: { ok: true, text: 'web' }, zone: good } as const;
const engine = {
  kind: 'docker',
  socket: '/s',
  isThere: true,
  version: { ok: true, text: '20.10', api: '1.41' },
} as const;
const member = { endpoint: 'e1', health: { ok: true, text: 'healthy' }, tookMs: 3 } as const;
check([
  [judgeDns({ zone: good, upstream: none }, 'a'), 'pass', /upstreams answer/],
  [judgeDns({ zone: good, upstream: late }, 'a'), 'warn', /others are not: no answer/],
  [judgeDns({ zone: none, upstream: good }, 'a'), 'fail', /own zone: NXDOMAIN/],
  [judgeDns({ zone: late, upstream: late }, 'a'), 'fail', /no answer/],
  [judgeContainerView([]), 'skip', /no container/],
  [judgeContainerView([web]), 'pass', /web reach/],
  [judgeContainerView([web, { ...web, self: late }]), 'fail', /web does not reach metadata/],
  [judgeContainerView([{ ...web, self: { ok: true, text: '' } }]), 'fail', /takes web for nobody/],
  [judgeContainerView([{ ...web, zone: late }]), 'fail', /not answered by DNS/],
  [judgeEngines([]), 'skip', /no engine/],
  [judgeEngines([engine]), 'pass', /docker 20\.10/],
  [judgeEngines([{ ...engine, isThere: false, version: late }]), 'warn', /not there: docker/],
  [judgeEngines([{ ...engine, version: late }]), 'fail', /does not answer/],
  [judgeEngines([{ ...engine, version: { ok: true, text: '1.9', api: '1.21' } }]), 'fail', /too old/],
  [judgeEtcd([], null), 'skip', /file/],
  [judgeEtcd([member], 'joined'), 'pass', /1 endpoint/],
  [judgeEtcd([member], null), 'pass', /1 endpoint/],
  [judgeEtcd([{ ...member, health: late }], 'cut-off'), 'fail', /no endpoint/],
  [judgeEtcd([member, { ...member, endpoint: 'e2', health: late }], 'joined'), 'warn', /e2: no answer/],
  [judgeEtcd([member], 'mismatch'), 'fail', /this host is mismatch/],
  [judgeEtcd([{ ...member, tookMs: 2_000 }], 'joined'), 'warn', /slow: e1 2000 ms/],
  [judgeLeftovers({ devices: [], links: [], leases: [] }), 'pass', /owner/],
  [
    judgeLeftovers({ devices: ['corral-x'], links: ['vethr1'], leases: ['web (10.42.0.2)'] }),
    'warn',
    /corral-x; .*vethr1; .*web/,
  ],
]);

t.same(
  droppingChains(`table ip filter {
	chain FORWARD {
		type filter hook forward priority filter; policy drop;
	}
}
table inet firewalld {
	chain filter_FORWARD {
		type filter hook forward priority filter + 10; policy drop;
	}
	chain filter_OUTPUT {
		type filter hook output priority filter + 10; policy drop;
	}
}
`),
  ['inet firewalld filter_FORWARD'],
);

const sockets = `  sl  local_address rem_address   st tx_queue
   0: FAA9FEA9:0035 00000000:0000 07 00000000:00000000
   1: 00000000:12B5 00000000:0000 07 00000000:00000000
   2: 0100007F:0050 0100007F:1234 01 00000000:00000000
`;
t.ok(isListening(sockets, 'udp', '169.254.169.250', 53));
t.ok(isListening(sockets, 'udp', null, 4_789));
t.ok(isListening(sockets, 'udp', '192.0.2.1', 4_789), 'every address is this one too');
t.notOk(isListening(sockets, 'udp', '169.254.169.251', 53));
t.notOk(isListening(sockets, 'tcp', null, 80), 'a connection is no listener');
