import t from 'tap';
import { type FlowFacts, staleFlows, type Target } from '../../../../daemons/network-manager/conntrack/stale-flows.ts';
import type { Flow } from '../../../../daemons/shared/effects/netlink/conntrack.ts';
import { parseCidr4, parseIpv4 } from '../../../../daemons/shared/model/ipv4.ts';

const ip = (text: string): NonNullable<ReturnType<typeof parseIpv4>> => parseIpv4(text)!;
const target = (address: string, port: number): Target => ({ address: ip(address), port });

/** Container A has 8080 by TCP and 53 by UDP on one address; 9000 by UDP on any is published no more. */
const ports = new Map<string, Target | undefined>([
  ['tcp/0.0.0.0:8080', target('10.42.118.63', 80)],
  ['udp/192.0.2.10:53', target('10.42.118.63', 5353)],
  ['udp/0.0.0.0:9000', undefined],
]);
const facts: FlowFacts = {
  changed: ports,
  targetOf: (key) => ports.get(key),
  addresses: new Set([ip('192.0.2.10'), ip('10.42.7.1')]),
  subnets: [parseCidr4('10.42.0.0/16')!],
};

/** As `conntrack -L` prints it. */
function flow(text: string): Flow {
  const found = [...text.matchAll(/(src|dst|sport|dport)=(\S+)/g)].map((match) => match[2]!);
  const tuple = ([src, dst, sport, dport]: string[]): Flow['original'] => ({
    src: ip(src!),
    dst: ip(dst!),
    sport: Number(sport),
    dport: Number(dport),
  });
  const protocol = text.split(' ')[0] as Flow['protocol'];
  return { protocol, original: tuple(found.slice(0, 4)), reply: tuple(found.slice(4)), id: undefined };
}

const client = 'src=198.51.100.4 dst=192.0.2.10 sport=40000';
const answers = 'dst=198.51.100.4';
const cases: [name: string, flow: string, stale: boolean][] = [
  ['8080 belongs to A now', `tcp ${client} dport=8080 src=10.42.5.5 ${answers} sport=80 dport=40000`, true],
  ['to A already', `tcp ${client} dport=8080 src=10.42.118.63 ${answers} sport=80 dport=40000`, false],
  ['to another port of A', `tcp ${client} dport=8080 src=10.42.118.63 ${answers} sport=81 dport=40000`, true],
  [
    'somebody went out and was given the source port 8080',
    'tcp src=10.42.77.7 dst=203.0.113.9 sport=5000 dport=443 src=203.0.113.9 dst=192.0.2.10 sport=443 dport=8080',
    false,
  ],
  [
    'the same by UDP',
    'udp src=10.42.77.7 dst=203.0.113.9 sport=5000 dport=443 src=203.0.113.9 dst=192.0.2.10 sport=443 dport=53',
    false,
  ],
  [
    'an address of a Kubernetes service, of the same port',
    'tcp src=10.42.1.4 dst=10.43.0.17 sport=40000 dport=8080 src=10.42.5.5 dst=10.42.1.4 sport=80 dport=40000',
    false,
  ],
  ["somebody else's translation", `tcp ${client} dport=8080 src=172.17.0.2 ${answers} sport=80 dport=40000`, false],
  ["the host's own program, TCP", `tcp ${client} dport=8080 src=192.0.2.10 ${answers} sport=8080 dport=40000`, false],
  ['UDP from before the port was', `udp ${client} dport=53 src=192.0.2.10 ${answers} sport=53 dport=40000`, true],
  ['UDP to a port that is no more', `udp ${client} dport=9000 src=10.42.5.5 ${answers} sport=9 dport=40000`, true],
  ['UDP to the host, no more', `udp ${client} dport=9000 src=192.0.2.10 ${answers} sport=9000 dport=40000`, false],
  ['another protocol', `udp ${client} dport=8080 src=10.42.5.5 ${answers} sport=80 dport=40000`, false],
  ['another port', `tcp ${client} dport=8081 src=10.42.5.5 ${answers} sport=80 dport=40000`, false],
  [
    'another address than the published one',
    'udp src=10.42.1.4 dst=10.42.7.1 sport=40000 dport=53 src=10.42.5.5 dst=10.42.1.4 sport=53 dport=40000',
    false,
  ],
  [
    'through the host, to nobody here',
    'tcp src=10.42.1.4 dst=203.0.113.9 sport=40000 dport=8080 src=10.42.5.5 dst=10.42.1.4 sport=80 dport=40000',
    false,
  ],
  [
    'by 127.0.0.1',
    'tcp src=127.0.0.1 dst=127.0.0.1 sport=40000 dport=8080 src=10.42.5.5 dst=10.42.7.1 sport=80 dport=40000',
    true,
  ],
];

t.test('which flows are taken out', async (t) => {
  for (const [name, text, stale] of cases) t.equal(staleFlows([flow(text)], facts).length === 1, stale, name);
});

t.test('ports that lead where they led are not looked at', async (t) => {
  const [, text] = cases[0]!;
  t.same(staleFlows([flow(text)], { ...facts, changed: new Map() }), []);
});

t.test('a port on one address is asked before the same port on any', async (t) => {
  const both = new Map([
    ['tcp/0.0.0.0:8080', target('10.42.118.63', 80)],
    ['tcp/192.0.2.10:8080', target('10.42.5.5', 80)],
  ]);
  const [, text] = cases[0]!;
  t.same(staleFlows([flow(text)], { ...facts, changed: both, targetOf: (key) => both.get(key) }), []);
});
