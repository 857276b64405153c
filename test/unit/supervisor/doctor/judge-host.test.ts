// Judgements about the daemons, the kernel, files and clocks: what was seen, and what it means.
import t from 'tap';
import type { DaemonStatus } from '../../../../daemons/supervisor/describe-status.ts';
import {
  featuresFor,
  judgeClock,
  judgeDisk,
  judgeForwarding,
  judgeKernel,
  judgeKernelLimits,
  judgeModes,
  judgeReverseFilter,
} from '../../../../daemons/supervisor/doctor/judge/host.ts';
import {
  judgeDaemons,
  judgeDescriptors,
  judgeDifference,
  judgeLogErrors,
  judgeVersions,
} from '../../../../daemons/supervisor/doctor/judge/suite.ts';
import { namesOf, type Verdict } from '../../../../daemons/supervisor/doctor/verdict.ts';

type Row = readonly [Verdict, Verdict['result'], RegExp];

/** Every finding that asks for something says what to do. */
function check(rows: readonly Row[]): void {
  for (const [verdict, result, words] of rows) {
    t.equal(verdict.result, result, verdict.evidence);
    t.match(verdict.evidence, words);
    t.equal(verdict.next === null, result === 'pass' || result === 'skip', 'a remedy where one is needed');
  }
}

const status = (name: DaemonStatus['name'], more: Partial<DaemonStatus> = {}): DaemonStatus => ({
  ...{ name, state: 'ready', ready: true, conditions: [], pid: 7, uptime: 1, restarts: 0, lastEnd: null },
  ...{ rss: null, pss: null, cpuPercent: null, cpuSeconds: null, version: '1' },
  ...more,
});
const lost = { name: 'peers', ok: false, degradesOnly: true, code: 'PEER_LOST', text: 'h2' } as const;

check([
  [judgeDaemons({ daemons: [status('dns'), status('supervisor')] }), 'pass', /dns, supervisor are ready/],
  [
    judgeDaemons({ daemons: [status('dns', { pid: null, state: 'absent' }), status('supervisor')] }),
    'fail',
    /no daemon runs/,
  ],
  [
    judgeDaemons({ daemons: [status('overlay', { state: 'degraded', conditions: [lost] })] }),
    'warn',
    /overlay is degraded: PEER_LOST h2/,
  ],
  [judgeDaemons({ daemons: [status('dns', { state: 'silent' }), status('overlay')] }), 'fail', /dns is silent/],
  [
    judgeDaemons({ daemons: [status('dns'), status('supervisor', { state: 'absent', pid: null })] }),
    'warn',
    /supervisor is absent/,
  ],
  [judgeVersions({ daemons: [status('dns'), status('overlay')] }, '1'), 'pass', /all are 1/],
  [
    judgeVersions({ daemons: [status('dns'), status('overlay', { version: '0' })] }, '1'),
    'warn',
    /overlay is 0, this command is 1/,
  ],
  [judgeVersions({ daemons: [status('dns', { version: null })] }, '1'), 'skip', /no daemon/],
  [judgeDifference([{ keeper: 'rules', changes: [] }]), 'pass', /1 keeper/],
  [judgeDifference([{ keeper: 'rules', changes: ['add x', 'add y'] }]), 'fail', /rules: add x and 1 more/],
  [judgeLogErrors([]), 'pass', /no error/],
  [judgeLogErrors([{ log: 'dns', time: 'T', event: 'e', text: 'broke' }]), 'warn', /1 error .* T: dns: e broke/],
  [judgeDescriptors([]), 'skip', /no daemon/],
  [judgeDescriptors([{ name: 'dns', open: 30, limit: 20_000 }]), 'pass', /30 of 20000/],
  [judgeDescriptors([{ name: 'dns', open: 800, limit: 1_024 }]), 'fail', /dns 800 of 1024/],
  [judgeDescriptors([{ name: 'dns', open: 8, limit: 256 }]), 'warn', /dns 8 of 256/],
]);

t.same(featuresFor(['vxlan', 'none']), ['bridge', 'veth', 'vxlan', 'iptables', 'conntrack']);
t.same(featuresFor(['ipsec', 'wireguard']), ['bridge', 'veth', 'wireguard', 'esp', 'iptables', 'conntrack']);
check([
  [judgeKernel(['bridge'], new Map()), 'pass', /has bridge/],
  [
    judgeKernel(['wireguard'], new Map([['wireguard', 'Unknown device type']])),
    'fail',
    /lacks wireguard \(Unknown device type\)/,
  ],
  [judgeKernel(['esp'], new Map([['esp', 'x']])), 'fail', /lacks esp/],
  [judgeKernel(['esp'], new Map([['esp', 'x']]), true), 'warn', /charon encrypts/],
  [judgeForwarding('1', { isWanted: false, value: '0' }), 'pass', /IPv4 packets/],
  [judgeForwarding('0', { isWanted: false, value: undefined }), 'fail', /ip_forward is 0/],
  [judgeForwarding(undefined, { isWanted: false, value: undefined }), 'fail', /unreadable/],
  [judgeForwarding('1', { isWanted: true, value: '0' }), 'fail', /ipv6/],
]);

const bridge = { device: 'corral0', role: 'bridge', value: 1 } as const;
const uplink = { device: 'eth0', role: 'uplink', value: 1 } as const;
check([
  [judgeReverseFilter(0, [bridge, uplink], 1), 'pass', /strictly/],
  [judgeReverseFilter(2, [bridge, uplink], 1), 'warn', /corral0 has rp_filter 2/],
  [judgeReverseFilter(0, [{ ...bridge, value: 0 }], 1), 'warn', /corral0 has rp_filter 0/],
  [judgeReverseFilter(0, [bridge, uplink], 2), 'warn', /eth0 check strictly/],
  [judgeReverseFilter(0, [bridge, { ...uplink, value: 2 }], 2), 'pass', /strictly/],
]);

const calm = { flows: 10, mostFlows: 100, neighbours: 3, mostNeighbours: 1_024, routeLocalnetAll: '0' } as const;
check([
  [judgeKernelLimits(calm), 'pass', /10 of 100 connections/],
  [judgeKernelLimits({ ...calm, flows: 85 }), 'warn', /85 of 100/],
  [judgeKernelLimits({ ...calm, flows: 99 }), 'fail', /dropped/],
  [judgeKernelLimits({ ...calm, neighbours: 1_000 }), 'warn', /1000 neighbours/],
  [judgeKernelLimits({ ...calm, routeLocalnetAll: '1' }), 'warn', /route_localnet/],
  [judgeKernelLimits({ ...calm, flows: null, mostFlows: null, mostNeighbours: null }), 'pass', /3 of any/],
]);

const room = { path: '/var/lib/corral', freeBytes: 5e9, totalBytes: 1e10, isWritable: true } as const;
check([
  [judgeDisk([]), 'skip', /nothing/],
  [judgeDisk([room]), 'pass', /5000 MB/],
  [judgeDisk([{ ...room, freeBytes: 1e8 }]), 'warn', /100 MB/],
  [judgeDisk([{ ...room, freeBytes: 1e6 }]), 'fail', /1 MB/],
  [judgeDisk([{ ...room, isWritable: false }]), 'fail', /cannot be written/],
  [judgeModes([]), 'skip', /secret/],
  [judgeModes([{ path: '/k', mode: 0o600, owner: 0 }]), 'pass', /1 files/],
  [judgeModes([{ path: '/k', mode: 0o640, owner: 0 }]), 'fail', /\/k \(0640\)/],
  [judgeModes([{ path: '/k', mode: 0o600, owner: 1_000 }]), 'fail', /owner 1000/],
  [judgeClock([]), 'skip', /no other clock/],
  [judgeClock([{ who: 'e1', aheadSeconds: -0.6 }]), 'pass', /agrees with e1/],
  [judgeClock([{ who: 'e1', aheadSeconds: -40 }]), 'warn', /e1 is 40 s behind/],
  [judgeClock([{ who: 'e1', aheadSeconds: 4_000 }]), 'fail', /4000 s ahead/],
]);

t.equal(namesOf(['a', 'b', 'c', 'd', 'e', 'f', 'g']), 'a, b, c, d, e and 2 more');
