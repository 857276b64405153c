import { readFileSync } from 'node:fs';
import t from 'tap';
import { noPorts } from '../../../../daemons/network-manager/ports/port-ranges.ts';
import type { DeviceIp } from '../../../../daemons/network-manager/rules/observe.ts';
import { type FactSources, ruleFacts } from '../../../../daemons/network-manager/rules/rule-facts.ts';
import { type RuleFacts, wantRules } from '../../../../daemons/network-manager/rules/want-rules.ts';
import { hooksOf } from '../../../../daemons/shared/model/hooks.ts';
import { parseIp } from '../../../../daemons/shared/model/ip.ts';
import type { SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import type { Chain } from '../../../../daemons/shared/reconcile/iptables-plan.ts';
import { type Packet, trace } from '../../support/packet-tracer.ts';
import { readmeExample } from '../../support/readme-example.ts';
import { block, network, otherHostId, snapshotOf } from '../../support/snapshots.ts';

const at = (device: string, address: string, prefix: number): DeviceIp => ({
  device,
  address: parseIp(address)!,
  prefix,
});

const objects: SnapshotObject[] = [
  network('corral', '10.42.0.0/16', { isDefault: true }),
  network('back', '10.50.0.0/16'),
  network('elsewhere', '10.60.0.0/16'),
  block('corral', '10.42.7.0/24'),
  block('corral', '10.42.8.0/24', otherHostId),
  block('back', '10.50.1.0/24'),
  block('elsewhere', '10.60.1.0/24', otherHostId),
];
const addresses = [
  at('lo', '127.0.0.1', 8),
  at('lo', '169.254.169.250', 32),
  at('eth0', '192.0.2.10', 24),
  at('corral0', '10.42.7.1', 24),
  at('corral-back', '10.50.1.1', 24),
  at('docker0', '172.17.0.1', 16),
  at('docker0', '192.0.2.55', 32),
  at('br-0123456789ab', '172.18.0.1', 16),
  at('br-lan', '192.168.1.1', 24),
];
const service = { address: parseIp('169.254.169.250')!, metadataPort: 80 };
function factsFor(given: readonly SnapshotObject[] = objects, rest: Partial<FactSources> = {}): RuleFacts {
  return ruleFacts({ snapshot: snapshotOf(given), addresses, service, refused: new Set(), ports: noPorts, ...rest });
}
const chains = wantRules(factsFor());

function render(bodies: readonly Chain[]): string {
  return bodies
    .map(({ table, chain, rules }) => `${table} ${chain}\n${rules.map((rule) => `  ${rule}\n`).join('')}`)
    .join('');
}

t.test('all chains of a host with two networks, a foreign one and Docker', async (t) => {
  const want = readFileSync(new URL('./want-rules.golden.txt', import.meta.url), 'utf8');
  t.equal(render(chains), want);
});

t.test('every hook of network-manager leads to a chain that is written', async (t) => {
  t.same(
    chains.map(({ table, chain }) => `${table} ${chain}`).sort(),
    [...hooksOf('network-manager').map(({ table, chain }) => `${table} ${chain}`), 'nat CATTLE_HOSTPORTS'].sort(),
  );
});

t.test('the order in which objects and addresses come does not show', async (t) => {
  const facts = factsFor([...objects].reverse(), { addresses: [...addresses, ...addresses].reverse() });
  t.equal(render(wantRules(facts)), render(chains));
});

const metadata = '169.254.169.250';
const cases: [name: string, packet: Packet, fate: string][] = [
  [
    'container asks DNS',
    { in: 'corral0', src: '10.42.7.9', dst: metadata, proto: 'udp', sport: 999, dport: 53 },
    'accept untracked',
  ],
  ['container asks DNS by TCP', { in: 'corral0', src: '10.42.7.9', dst: metadata, proto: 'tcp', dport: 53 }, 'accept'],
  ['container asks metadata', { in: 'corral0', src: '10.42.7.9', dst: metadata, proto: 'tcp', dport: 80 }, 'accept'],
  [
    'container with an address outside the block',
    { in: 'corral0', src: '10.42.200.9', dst: metadata, proto: 'tcp', dport: 80 },
    'accept',
  ],
  [
    'container tries another port',
    { in: 'corral0', src: '10.42.7.9', dst: metadata, proto: 'tcp', dport: 22 },
    'reject',
  ],
  ['container pings the address', { in: 'corral0', src: '10.42.7.9', dst: metadata, proto: 'icmp' }, 'reject'],
  [
    'container pretends to be of another network',
    { in: 'corral0', src: '10.50.1.9', dst: metadata, proto: 'tcp', dport: 80 },
    'reject',
  ],
  [
    'Docker container asks DNS',
    { in: 'docker0', src: '172.17.0.2', dst: metadata, proto: 'udp', dport: 53 },
    'accept untracked',
  ],
  [
    'Compose container asks metadata',
    { in: 'br-0123456789ab', src: '172.18.0.2', dst: metadata, proto: 'tcp', dport: 80 },
    'accept',
  ],
  [
    'Docker container pretends to be ours',
    { in: 'docker0', src: '10.42.7.9', dst: metadata, proto: 'udp', dport: 53 },
    'reject untracked',
  ],
  [
    'somebody on a bridge of the LAN',
    { in: 'br-lan', src: '192.168.1.7', dst: metadata, proto: 'udp', dport: 53 },
    'reject untracked',
  ],
  ['neighbour asks DNS', { in: 'eth0', src: '192.0.2.77', dst: metadata, proto: 'udp', dport: 53 }, 'reject untracked'],
  ['neighbour asks metadata', { in: 'eth0', src: '192.0.2.77', dst: metadata, proto: 'tcp', dport: 80 }, 'reject'],
  [
    'neighbour pretends to be a container',
    { in: 'eth0', src: '10.42.7.9', dst: metadata, proto: 'tcp', dport: 80 },
    'reject',
  ],
  [
    'host process asks DNS',
    { out: 'lo', src: metadata, dst: metadata, proto: 'udp', sport: 999, dport: 53 },
    'accept untracked',
  ],
  [
    '… and over lo it arrives',
    { in: 'lo', src: metadata, dst: metadata, proto: 'udp', sport: 999, dport: 53 },
    'accept untracked',
  ],
  [
    'DNS answers the host process',
    { out: 'lo', src: metadata, dst: metadata, proto: 'udp', sport: 53, dport: 999 },
    'accept untracked',
  ],
  [
    '… and over lo it arrives',
    { in: 'lo', src: metadata, dst: metadata, proto: 'udp', sport: 53, dport: 999 },
    'accept',
  ],
  [
    'DNS answers a container',
    { out: 'corral0', src: metadata, dst: '10.42.7.9', proto: 'udp', sport: 53, dport: 999 },
    'accept untracked',
  ],
  [
    'host process asks another resolver',
    { out: 'eth0', src: '192.0.2.10', dst: '9.9.9.9', proto: 'udp', dport: 53 },
    'policy',
  ],
  [
    'container reaches ssh of the host',
    { in: 'corral0', src: '10.42.7.9', dst: '10.42.7.1', proto: 'tcp', dport: 22 },
    'policy',
  ],
  [
    'neighbour reaches ssh of the host',
    { in: 'eth0', src: '192.0.2.77', dst: '192.0.2.10', proto: 'tcp', dport: 22 },
    'policy',
  ],
  [
    'container to the internet',
    { in: 'corral0', out: 'eth0', src: '10.42.7.9', dst: '198.51.100.1', proto: 'tcp', dport: 443 },
    'accept masqueraded',
  ],
  [
    'the answer',
    { in: 'eth0', out: 'corral0', src: '198.51.100.1', dst: '10.42.7.9', proto: 'tcp', established: true },
    'accept',
  ],
  [
    'unasked from outside',
    { in: 'eth0', out: 'corral0', src: '198.51.100.1', dst: '10.42.7.9', proto: 'tcp', dport: 80 },
    'policy',
  ],
  [
    'container to a sibling',
    { in: 'corral0', out: 'corral0', src: '10.42.7.9', dst: '10.42.7.10', proto: 'tcp', dport: 80 },
    'accept',
  ],
  [
    'container to another network here',
    { in: 'corral0', out: 'corral-back', src: '10.42.7.9', dst: '10.50.1.9', proto: 'tcp', dport: 80 },
    'accept',
  ],
  [
    'container to another host of its network',
    { in: 'corral0', out: 'vtep1042', src: '10.42.7.9', dst: '10.42.8.9', proto: 'tcp', dport: 80 },
    'accept',
  ],
  [
    'container to a network that is only elsewhere',
    { in: 'corral0', out: 'eth0', src: '10.42.7.9', dst: '10.60.1.9', proto: 'tcp', dport: 80 },
    'accept',
  ],
  [
    'container to multicast',
    { in: 'corral0', out: 'eth0', src: '10.42.7.9', dst: '224.0.0.251', proto: 'udp', dport: 5353 },
    'accept',
  ],
  [
    'container into Docker',
    { in: 'corral0', out: 'docker0', src: '10.42.7.9', dst: '172.17.0.2', proto: 'tcp', dport: 80 },
    'policy masqueraded',
  ],
  [
    'container with a foreign source',
    { in: 'corral0', out: 'eth0', src: '203.0.113.5', dst: '198.51.100.1', proto: 'udp', dport: 53 },
    'policy',
  ],
  [
    'Docker container to the internet',
    { in: 'docker0', out: 'eth0', src: '172.17.0.2', dst: '198.51.100.1', proto: 'tcp', dport: 443 },
    'policy',
  ],
  [
    'Docker container to ours',
    { in: 'docker0', out: 'corral0', src: '172.17.0.2', dst: '10.42.7.9', proto: 'tcp', dport: 80 },
    'policy',
  ],
  [
    'container reaches for what the host serves to itself',
    { in: 'corral0', src: '10.42.7.9', dst: '127.0.0.1', proto: 'tcp', dport: 22 },
    'drop',
  ],
  [
    'container pretends to be the host',
    { in: 'corral0', src: '127.0.0.1', dst: '10.42.7.1', proto: 'tcp', dport: 22 },
    'drop',
  ],
  ['the host to itself', { in: 'lo', src: '127.0.0.1', dst: '127.0.0.1', proto: 'tcp', dport: 22 }, 'policy'],
  ['host to container', { out: 'corral0', src: '10.42.7.1', dst: '10.42.7.9', proto: 'tcp', dport: 80 }, 'policy'],
  ['host to the internet', { out: 'eth0', src: '192.0.2.10', dst: '198.51.100.1', proto: 'tcp', dport: 443 }, 'policy'],
];

t.test('what becomes of a packet', async (t) => {
  for (const [name, packet, want] of cases) {
    const { verdict, tracked, masqueraded } = trace(chains, packet);
    t.equal(`${verdict}${tracked ? '' : ' untracked'}${masqueraded ? ' masqueraded' : ''}`, want, name);
  }
});

t.test('a network that was refused is in no rule', async (t) => {
  const facts = factsFor(objects, { refused: new Set(['corral']) });
  const text = render(wantRules(facts));
  t.notMatch(text, '10.42.0.0/16');
  t.match(text, '10.50.0.0/16');
});

t.test('without a block of this host only the service address is looked after', async (t) => {
  const facts = factsFor([network('corral', '10.42.0.0/16', { isDefault: true })]);
  const bodies = wantRules(facts);
  t.same(
    bodies.filter(({ chain }) => /FORWARD|POSTROUTING/.test(chain)).flatMap(({ rules }) => rules),
    [],
  );
  t.ok(bodies.find(({ chain }) => chain === 'CATTLE_INPUT')!.rules.length > 2);
});

t.test('metadata on another port', async (t) => {
  const input = (port: number): string => {
    const facts = factsFor(objects, { addresses: [], service: { ...service, metadataPort: port } });
    return wantRules(facts)
      .find(({ chain }) => chain === 'CATTLE_INPUT')!
      .rules.join('\n');
  };
  t.match(input(8080), '--dports 53,8080');
  t.match(input(53), '-p tcp -m tcp --dport 53 ', 'one port needs no list');
});

t.test('ranges that are not masqueraded', async (t) => {
  const body = (excludes: boolean): readonly string[] => {
    const facts = factsFor(objects, { addresses: [], excludes });
    return wantRules(facts).find(({ chain }) => chain === 'CATTLE_NAT_POSTROUTING')!.rules;
  };
  const look = '-m set --match-set RANCHER_DISABLE_HOST_NAT_IPSET dst -j RETURN';
  t.notOk(body(false).includes(look), 'a rule about a set that is not there would keep all others out');
  t.ok(body(true).indexOf(look) < body(true).findIndex((rule) => rule.includes('MASQUERADE')));
  t.ok(body(true).includes(look));
});

t.test('the example of the README', async (t) => {
  const few = [network('corral', '10.42.0.0/16', { isDefault: true }), block('corral', '10.42.7.0/24')];
  const local = addresses.filter(({ device }) => device === 'corral0' || device === 'docker0');
  const facts = factsFor(few, { addresses: local });
  t.equal(readmeExample('daemons/network-manager/rules/README.md'), render(wantRules(facts)));
});
