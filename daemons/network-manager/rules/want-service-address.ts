// Pure: the rules of metadata's and DNS's address. It stands on `lo`, where a neighbour on the host's LAN could reach it and
// where a host firewall with INPUT DROP would block containers; so: local bridges in, everybody else refused.
import { bitsOf, renderCidr, renderIp } from '../../shared/model/ip.ts';
import type { RuleFacts, RuleText } from './want-rules.ts';

const dnsPort = 53;

/**
 * Everything over lo is the host itself: its queries to the address also *come from* it (the kernel prefers a local
 * destination as source), so their answers arrive here with an arbitrary port.
 * The rest is refused with an answer, not dropped: a container on a bridge that Corral does not know, or with a wrong port,
 * learns it at once and its resolver goes on to the next server, where silence would cost it 5 s a name. The answer tells an
 * outsider no more than ARP does, and the kernel limits its rate.
 */
export function wantInput(facts: RuleFacts): RuleText[] {
  const to = `-d ${addressOf(facts)}`;
  const tcpPorts = [...new Set([dnsPort, facts.service.metadataPort])].sort((a, b) => a - b);
  const tcp = tcpPorts.length === 1 ? `-m tcp --dport ${dnsPort}` : `-m multiport --dports ${tcpPorts.join(',')}`;
  return [
    `${to} -i lo -j ACCEPT`,
    ...callersOf(facts).flatMap(({ device, subnet }) => [
      `-s ${subnet} ${to} -i ${device} -p udp -m udp --dport ${dnsPort} -j ACCEPT`,
      `-s ${subnet} ${to} -i ${device} -p tcp ${tcp} -j ACCEPT`,
    ]),
    `${to} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    `${to} -j REJECT --reject-with ${facts.family === 4 ? 'icmp-admin-prohibited' : 'icmp6-adm-prohibited'}`,
  ];
}

/** A firewall that lets out only established traffic would drop our answers: without tracking they are none. */
export function wantOutput(facts: RuleFacts): RuleText[] {
  const address = addressOf(facts);
  return [
    `-d ${address} -o lo -p udp -m udp --dport ${dnsPort} -j ACCEPT`,
    `-s ${address} -p udp -m udp --sport ${dnsPort} -j ACCEPT`,
  ];
}

/** One query is one entry in the host's connection table, until it is full; so neither queries nor answers are tracked. */
export function wantRawPrerouting(facts: RuleFacts): RuleText[] {
  return [`-d ${addressOf(facts)} -p udp -m udp --dport ${dnsPort} -j CT --notrack`];
}

/** Queries of the host's own processes, and all answers. Over lo a packet keeps the mark into PREROUTING. */
export function wantRawOutput(facts: RuleFacts): RuleText[] {
  return [
    `-d ${addressOf(facts)} -p udp -m udp --dport ${dnsPort} -j CT --notrack`,
    `-s ${addressOf(facts)} -p udp -m udp --sport ${dnsPort} -j CT --notrack`,
  ];
}

/** Bridge and range that may ask: a container of one bridge cannot pretend to be one of another. */
function callersOf({ networks, foreignBridges }: RuleFacts): { device: string; subnet: string }[] {
  const own = networks.flatMap(({ subnet, bridge }) => (bridge === undefined ? [] : [{ device: bridge, subnet }]));
  return [...own, ...foreignBridges].map(({ device, subnet }) => ({ device, subnet: renderCidr(subnet) }));
}

function addressOf(facts: RuleFacts): string {
  return `${renderIp(facts.service.address)}/${bitsOf(facts.family)}`;
}
