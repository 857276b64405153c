// Pure: everything that the chains of network-manager hold, from what the host has: networks, bridges, service address.
// IPv4 alone: a family is a separate restore, so IPv6 becomes a second call of the same shape.
import { policyChain } from '../../shared/model/hooks.ts';
import { type Cidr4, type Ipv4, renderCidr4 } from '../../shared/model/ipv4.ts';
import type { Chain } from '../../shared/reconcile/iptables-plan.ts';
import type { PortClaim } from '../ports/port-claims.ts';
import { wantLoopbackGuard, wantPortChains } from './want-ports.ts';
import { wantInput, wantOutput, wantRawOutput, wantRawPrerouting } from './want-service-address.ts';

/** A rule as iptables-save prints it, without `-A CHAIN` and without its id. */
export type RuleText = string;

/** A network of the cluster. */
export interface RuleNetwork {
  readonly subnet: Cidr4;
  /** Its bridge on this host; undefined if this host has no part in it. */
  readonly bridge: string | undefined;
  /** Host ports may lead to its containers. */
  readonly publishes: boolean;
}

/** A bridge of another engine on this host, with a range that it serves. */
export interface ForeignBridge {
  readonly device: string;
  readonly subnet: Cidr4;
}

/** All that decides the rules; lists are sorted, so that equal facts give equal text. */
export interface RuleFacts {
  readonly networks: readonly RuleNetwork[];
  readonly foreignBridges: readonly ForeignBridge[];
  readonly service: { readonly address: Ipv4; readonly metadataPort: number };
  /** Those whose way to the container is there; at most one of each key. */
  readonly ports: readonly PortClaim[];
  /** The host has the set of ranges that are not masqueraded (`exclusionSet`). */
  readonly excludes: boolean;
}

/**
 * Rancher's programs put ranges here that must see the containers' own addresses (hash:net). Corral only looks into it, if it
 * is there.
 */
export const exclusionSet = 'RANCHER_DISABLE_HOST_NAT_IPSET';

/**
 * In the order in which tables are restored, each whole or not at all: what is not tracked must be accepted first, and an
 * address is masqueraded only on a way that is open.
 */
export function wantRules(facts: RuleFacts): Chain[] {
  return [
    { table: 'filter', chain: 'CATTLE_INPUT', rules: wantInput(facts) },
    { table: 'filter', chain: 'CATTLE_FORWARD', rules: wantForward(facts) },
    { table: 'filter', chain: 'CATTLE_FILTER_OUTPUT', rules: wantOutput(facts) },
    {
      table: 'raw',
      chain: 'CATTLE_RAW_PREROUTING',
      rules: [...wantLoopbackGuard(facts.networks), ...wantRawPrerouting(facts)],
    },
    { table: 'raw', chain: 'CATTLE_RAW_OUTPUT', rules: wantRawOutput(facts) },
    { table: 'nat', chain: 'CATTLE_NAT_POSTROUTING', rules: wantPostrouting(facts) },
    ...wantPortChains(facts.ports, facts.networks, facts.service.address),
  ];
}

/**
 * Containers reach everything that the host routes to: outside, each other, other networks of ours; answers come back.
 * Only with a source of their own network, so that a spoofed packet is left to the host's policy. What goes into another
 * engine's bridge is that engine's to judge (Docker isolates its networks in rules further down), hence the RETURNs first.
 * Whoever asks a published port comes in, from wherever. Policies are asked before anything else, about packets from
 * container to container.
 */
function wantForward({ networks, foreignBridges }: RuleFacts): RuleText[] {
  const own = networks.filter((network) => network.bridge !== undefined);
  if (own.length === 0) return [];
  const devices = [...new Set(foreignBridges.map(({ device }) => device))];
  return [
    ...own.map(({ subnet }) => `-s ${renderCidr4(subnet)} -d ${renderCidr4(subnet)} -j ${policyChain}`),
    ...devices.map((device) => `-o ${device} -j RETURN`),
    ...own.map(({ subnet, bridge }) => `-s ${renderCidr4(subnet)} -i ${bridge} -j ACCEPT`),
    ...own.map(
      ({ subnet, bridge, publishes }) =>
        `-d ${renderCidr4(subnet)} -o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED${publishes ? ',DNAT' : ''} -j ACCEPT`,
    ),
  ];
}

/**
 * Containers appear outside with the host's address. A destination in any network of the cluster, on whatever host, must
 * see the container's own address; multicast has no one who could answer.
 */
function wantPostrouting({ networks, excludes }: RuleFacts): RuleText[] {
  const own = networks.filter((network) => network.bridge !== undefined);
  if (own.length === 0) return [];
  return [
    ...networks.map(({ subnet }) => `-d ${renderCidr4(subnet)} -j RETURN`),
    '-d 224.0.0.0/4 -j RETURN',
    ...(excludes ? [`-m set --match-set ${exclusionSet} dst -j RETURN`] : []),
    ...own.map(({ subnet, bridge }) => `-s ${renderCidr4(subnet)} ! -o ${bridge} -j MASQUERADE`),
  ];
}
