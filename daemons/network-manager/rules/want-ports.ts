// Pure: the rules of published ports. One rule a port, in chains of 64 ports each, which the host's own packets and those from
// elsewhere share: a new port rewrites one short chain, and a packet passes the ranges and one chain, not 10,000 rules.
import { bitsOf, type Cidr, renderCidr, renderIp } from '../../shared/model/ip.ts';
import type { Chain } from '../../shared/reconcile/iptables-plan.ts';
import { portsPerChain } from '../ports/port-claims.ts';
import type { RuleFacts, RuleText } from './want-rules.ts';

const loopback = '127.0.0.0/8';

/**
 * The chains of table nat that publish ports.
 * The service address comes first: a port published on any address is not to be published on metadata's and DNS's.
 */
export function wantPortChains(facts: RuleFacts): Chain[] {
  const { family, service, ports } = facts;
  const nat = (chain: string, rules: readonly RuleText[]): Chain => ({ table: 'nat', chain, rules });
  return [
    nat('CATTLE_PREROUTING', ['-j CATTLE_HOSTPORTS']),
    nat('CATTLE_OUTPUT', ['-j CATTLE_HOSTPORTS']),
    nat('CATTLE_HOSTPORTS', [
      `-d ${renderIp(service.address)}/${bitsOf(family)} -j RETURN`,
      ...ports.ranges.map(
        ({ protocol, first, chain }) =>
          `-p ${protocol} -m ${protocol} --dport ${first}:${first + portsPerChain - 1} -j ${chain}`,
      ),
    ]),
    ...ports.ranges.map(({ chain, rules }) => nat(chain, rules)),
    nat('CATTLE_HOSTPORTS_POSTROUTING', wantHairpin(facts)),
  ];
}

/**
 * Between containers of one bridge an answer would go straight back and never see the translation undone, so they meet the
 * bridge's address; so does 127.0.0.1, to which nobody can answer. Everybody else's address stays as it is.
 */
function wantHairpin(facts: RuleFacts): RuleText[] {
  // The kernel lets nothing from ::1 out of the host, so there is no such setting for IPv6.
  const local = facts.family === 4 ? [loopback] : [];
  return publishing(facts).flatMap(({ subnet, bridge }) =>
    [renderCidr(subnet), ...local].map((from) => `-s ${from} -o ${bridge} -m conntrack --ctstate DNAT -j MASQUERADE`),
  );
}

/**
 * A bridge on which 127.0.0.1 is routed would let containers reach what the host serves to itself alone. Nothing that comes
 * from a bridge has a right to these addresses: the answers to 127.0.0.1:PORT carry the bridge's until tracking undoes it.
 */
export function wantLoopbackGuard(facts: RuleFacts): RuleText[] {
  if (facts.family === 6) return [];
  return publishing(facts).flatMap(({ bridge }) =>
    ['-d', '-s'].map((side) => `${side} ${loopback} -i ${bridge} -j DROP`),
  );
}

function publishing({ networks }: RuleFacts): { subnet: Cidr; bridge: string }[] {
  return networks.flatMap(({ subnet, bridge, publishes }) =>
    bridge === undefined || !publishes ? [] : [{ subnet, bridge }],
  );
}
