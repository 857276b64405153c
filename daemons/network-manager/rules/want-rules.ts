// Pure: everything that the chains of network-manager hold, from what the host has: networks, bridges, service address. A family
// is a restore of its own, with chains of the same names.
import { policyChain } from '../../shared/model/hooks.ts';
import { type Cidr, type Family, type Ip, renderCidr } from '../../shared/model/ip.ts';
import type { Chain } from '../../shared/reconcile/iptables-plan.ts';
import type { PortRules } from '../ports/port-ranges.ts';
import { wantLoopbackGuard, wantPortChains } from './want-ports.ts';
import { wantInput, wantOutput, wantRawOutput, wantRawPrerouting } from './want-service-address.ts';

/** A rule as iptables-save prints it, without `-A CHAIN` and without its id. */
export type RuleText = string;

/** A network of the cluster that has addresses of the family. */
export interface RuleNetwork {
  readonly name: string;
  readonly subnet: Cidr;
  /** Its bridge on this host; undefined if this host has no part in it, or another plugin makes it. */
  readonly bridge: string | undefined;
  /** The bridge that another plugin made for it here, if it did: that plugin masquerades, but a host may forward nothing unasked. */
  readonly pluginBridge?: string | undefined;
  /** Host ports may lead to its containers. */
  readonly publishes: boolean;
}

/** A bridge of another engine on this host, with a range that it serves. */
export interface ForeignBridge {
  readonly device: string;
  readonly subnet: Cidr;
}

/** All that decides the rules of one family; lists are sorted, so that equal facts give equal text. */
export interface RuleFacts {
  readonly family: Family;
  readonly networks: readonly RuleNetwork[];
  readonly foreignBridges: readonly ForeignBridge[];
  readonly service: { readonly address: Ip; readonly metadataPort: number };
  /** Those whose way to the container is there. */
  readonly ports: PortRules;
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
 * address is masqueraded only on a way that is open. Without a network
 * that has IPv6 there is nothing to write for it.
 */
export function wantRules(facts: RuleFacts): Chain[] {
  if (facts.family === 6 && facts.networks.length === 0) return [];
  return [
    { table: 'filter', chain: 'CATTLE_INPUT', rules: wantInput(facts) },
    { table: 'filter', chain: 'CATTLE_FORWARD', rules: wantForward(facts) },
    { table: 'filter', chain: 'CATTLE_FILTER_OUTPUT', rules: wantOutput(facts) },
    {
      table: 'raw',
      chain: 'CATTLE_RAW_PREROUTING',
      rules: [...wantLoopbackGuard(facts), ...wantRawPrerouting(facts)],
    },
    { table: 'raw', chain: 'CATTLE_RAW_OUTPUT', rules: wantRawOutput(facts) },
    { table: 'nat', chain: 'CATTLE_NAT_POSTROUTING', rules: wantPostrouting(facts) },
    ...wantPortChains(facts),
  ];
}

/**
 * Containers reach everything that the host routes to: outside, each other (of which a host with br_netfilter is asked too), other
 * networks of ours; answers come back.
 * Only with a source of their own network, so that a spoofed packet is left to the host's policy. What goes into another
 * engine's bridge is that engine's to judge (Docker isolates its networks in rules further down), hence the RETURNs first.
 * Whoever asks a published port comes in, from wherever. Policies are asked before anything else, about packets from
 * container to container.
 */
function wantForward({ networks, foreignBridges }: RuleFacts): RuleText[] {
  const ours = networks.flatMap(({ subnet, bridge, pluginBridge, publishes }) => {
    const device = bridge ?? pluginBridge;
    // Which ports another plugin publishes is for it to say.
    const admits = publishes || bridge === undefined ? ',DNAT' : '';
    return device === undefined ? [] : [{ range: renderCidr(subnet), device, admits }];
  });
  if (ours.length === 0) return [];
  const isOurs = new Set(ours.map(({ device }) => device));
  const others = new Set(foreignBridges.map(({ device }) => device).filter((device) => !isOurs.has(device)));
  return [
    ...ours.map(({ range }) => `-s ${range} -d ${range} -j ${policyChain}`),
    ...[...others].map((device) => `-o ${device} -j RETURN`),
    ...ours.map(({ range, device }) => `-s ${range} -i ${device} -j ACCEPT`),
    ...ours.map(({ range, device, admits }) => {
      return `-d ${range} -o ${device} -m conntrack --ctstate RELATED,ESTABLISHED${admits} -j ACCEPT`;
    }),
  ];
}

/**
 * Containers appear outside with the host's address. A destination in any network of the cluster, on whatever host, must
 * see the container's own address; multicast has no one who could answer.
 */
function wantPostrouting({ family, networks, excludes }: RuleFacts): RuleText[] {
  const own = networks.filter((network) => network.bridge !== undefined);
  if (own.length === 0) return [];
  return [
    ...networks.map(({ subnet }) => `-d ${renderCidr(subnet)} -j RETURN`),
    `-d ${family === 4 ? '224.0.0.0/4' : 'ff00::/8'} -j RETURN`,
    ...(excludes ? [`-m set --match-set ${exclusionSet} dst -j RETURN`] : []),
    ...own.map(({ subnet, bridge }) => `-s ${renderCidr(subnet)} ! -o ${bridge} -j MASQUERADE`),
  ];
}
