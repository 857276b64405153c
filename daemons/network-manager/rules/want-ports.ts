// Pure: the rules of published ports. One rule a port, in chains of 64 ports each, which the host's own packets and those from
// elsewhere share: a new port rewrites one short chain, and a packet passes the ranges and one chain, not 10,000 rules.
import { type Ipv4, renderCidr4, renderIpv4 } from '../../shared/model/ipv4.ts';
import type { Protocol } from '../../shared/model/ports.ts';
import { protocols } from '../../shared/model/ports.ts';
import type { Chain } from '../../shared/reconcile/iptables-plan.ts';
import { type PortClaim, portsPerChain } from '../ports/port-claims.ts';
import type { RuleNetwork, RuleText } from './want-rules.ts';

const loopback = '127.0.0.0/8';

/**
 * The chains of table nat that publish ports.
 * The service address comes first: a port published on any address is not to be published on metadata's and DNS's.
 */
export function wantPortChains(ports: Iterable<PortClaim>, networks: readonly RuleNetwork[], service: Ipv4): Chain[] {
  const ranges = rangesOf(ports);
  const nat = (chain: string, rules: readonly RuleText[]): Chain => ({ table: 'nat', chain, rules });
  return [
    nat('CATTLE_PREROUTING', ['-j CATTLE_HOSTPORTS']),
    nat('CATTLE_OUTPUT', ['-j CATTLE_HOSTPORTS']),
    nat('CATTLE_HOSTPORTS', [
      `-d ${renderIpv4(service)}/32 -j RETURN`,
      ...ranges.map(
        ({ protocol, first, chain }) =>
          `-p ${protocol} -m ${protocol} --dport ${first}:${first + portsPerChain - 1} -j ${chain}`,
      ),
    ]),
    ...ranges.map(({ chain, claims }) => nat(chain, bodyOf(chain, claims))),
    nat('CATTLE_HOSTPORTS_POSTROUTING', wantHairpin(networks)),
  ];
}

/**
 * Between containers of one bridge an answer would go straight back and never see the translation undone, so they meet the
 * bridge's address; so does 127.0.0.1, to which nobody can answer. Everybody else's address stays as it is.
 */
function wantHairpin(networks: readonly RuleNetwork[]): RuleText[] {
  return publishing(networks).flatMap(({ subnet, bridge }) =>
    [renderCidr4(subnet), loopback].map((from) => `-s ${from} -o ${bridge} -m conntrack --ctstate DNAT -j MASQUERADE`),
  );
}

/**
 * A bridge on which 127.0.0.1 is routed would let containers reach what the host serves to itself alone. Nothing that comes
 * from a bridge has a right to these addresses: the answers to 127.0.0.1:PORT carry the bridge's until tracking undoes it.
 */
export function wantLoopbackGuard(networks: readonly RuleNetwork[]): RuleText[] {
  return publishing(networks).flatMap(({ bridge }) =>
    ['-d', '-s'].map((side) => `${side} ${loopback} -i ${bridge} -j DROP`),
  );
}

function publishing(networks: readonly RuleNetwork[]): { subnet: RuleNetwork['subnet']; bridge: string }[] {
  return networks.flatMap(({ subnet, bridge, publishes }) =>
    bridge === undefined || !publishes ? [] : [{ subnet, bridge }],
  );
}

interface Range {
  readonly protocol: Protocol;
  readonly first: number;
  readonly chain: string;
  readonly claims: PortClaim[];
}

function rangesOf(ports: Iterable<PortClaim>): Range[] {
  const found = new Map<string, Range>();
  for (const claim of ports) {
    const { chain, protocol, first } = claim;
    const range = found.get(chain);
    if (range) range.claims.push(claim);
    else found.set(chain, { protocol, first, chain, claims: [claim] });
  }
  const rank = ({ protocol }: Range): number => protocols.indexOf(protocol);
  return [...found.values()].sort((a, b) => rank(a) - rank(b) || a.first - b.first);
}

/** The bodies of the last time: most chains are as they were, and an equal array tells the rest at once. */
const bodies = new Map<string, { readonly claims: readonly PortClaim[]; readonly rules: readonly RuleText[] }>();

function bodyOf(chain: string, claims: readonly PortClaim[]): readonly RuleText[] {
  const known = bodies.get(chain);
  const isSame = known?.claims.length === claims.length && claims.every((claim, at) => claim === known.claims[at]);
  if (known && isSame) return known.rules;
  const rules = claims.toSorted(byPort).map(({ rule }) => rule);
  bodies.set(chain, { claims, rules });
  return rules;
}

/** Addresses before any address. */
function byPort(a: PortClaim, b: PortClaim): number {
  return a.hostPort - b.hostPort || b.bind - a.bind;
}
