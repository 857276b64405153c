// Pure: what the overlay's chains hold. Docker's swarm may share UDP 4789, so rules about the outside look at our VNIs alone.
import type { Ip, IpRange } from '../../shared/effects/netlink.ts';
import type { Chain } from '../../shared/reconcile/iptables-plan.ts';
import { renderAddress, renderRange } from '../addresses.ts';
import { familyOfTunnel, type OverlayNetwork } from '../overlay-network.ts';
import { type Guard, guardChains } from './guard.ts';

export type Family = 4 | 6;

/** A network with the devices through which its packets come and go. */
export interface RuleNetwork {
  readonly network: OverlayNetwork;
  readonly devices: readonly string[];
  /** Outer packets to be let in, as matches. */
  readonly inputs: readonly string[];
}

export interface RuleFacts {
  readonly networks: readonly RuleNetwork[];
  readonly guards: readonly Guard[];
  readonly family: Family;
  /** The kernel has sets of addresses, and the peers are in `peerSet`. */
  readonly hasSets: boolean;
}

/** UDP port of the probes inside the overlay. */
export const probePort = 9843;

const peersChain = 'CATTLE_OVERLAY_PEERS';
const ownChain = 'CATTLE_OVERLAY_OWN';
/** More values are not taken by one u32 match. */
const mostValues = 10;

export function isOverlayChain(name: string): boolean {
  return name.startsWith('CATTLE_OVERLAY_');
}

/** Outer addresses of peers, of one family: who may send us packets of our VNIs. */
export function peerSet(family: Family): string {
  return `corral-peers${family}`;
}

export function peerIps({ networks, family }: Pick<RuleFacts, 'networks' | 'family'>): ReadonlySet<Ip> {
  const ips = new Set<Ip>();
  for (const { peers } of tunnelsOf(networks, family)) for (const { address } of peers) ips.add(address);
  return ips;
}

/** In the order in which tables are restored: spoofed packets are refused before ours are accepted. */
export function wantRules(facts: RuleFacts): Chain[] {
  const { networks, family } = facts;
  const tunnels = tunnelsOf(networks, family);
  const inner = networks.flatMap((one): Inner[] => {
    const range = family === 4 ? one.network.subnet : one.network.subnet6;
    return range ? [{ ...one, range }] : [];
  });
  const chains: Chain[] = [
    ...(tunnels.length > 0 ? wantTunnelChains(tunnels, facts) : []),
    ...guardChains(facts.guards, family),
    { table: 'mangle', chain: 'CATTLE_OVERLAY_MSS', rules: inner.flatMap(clampOf) },
    {
      table: 'filter',
      chain: 'CATTLE_OVERLAY_INPUT',
      rules: [...acceptTunnels(tunnels, family), ...acceptInputs(networks, family), ...inner.flatMap(acceptProbes)],
    },
    { table: 'filter', chain: 'CATTLE_OVERLAY_FORWARD', rules: inner.flatMap(acceptForwarded) },
  ];
  return chains.filter(({ rules }) => rules.length > 0);
}

interface Inner extends RuleNetwork {
  readonly range: IpRange;
}

function tunnelsOf(networks: readonly RuleNetwork[], family: Family): OverlayNetwork[] {
  return networks
    .map(({ network }) => network)
    .filter(({ driver, self }) => driver === 'vxlan' && familyOfTunnel(self) === family);
}

/**
 * Packets of our VNIs come from peers alone; they are not tracked, since one tunnel with its changing source ports would fill
 * the table of connections.
 */
function wantTunnelChains(tunnels: readonly OverlayNetwork[], facts: RuleFacts): Chain[] {
  const matches = vniMatches(tunnels, facts.family);
  const raw = (chain: string, rules: readonly string[]): Chain => ({ table: 'raw', chain, rules });
  return [
    raw(ownChain, ['-j CT --notrack']),
    raw(peersChain, peerRules(facts)),
    raw('CATTLE_OVERLAY_RAW', [...hiddenHeaders(facts), ...matches.map((match) => `${match} -j ${peersChain}`)]),
    raw(
      'CATTLE_OVERLAY_RAW_OUTPUT',
      matches.map((match) => `${match} -j ${ownChain}`),
    ),
  ];
}

function peerRules(facts: RuleFacts): string[] {
  const { family, hasSets } = facts;
  if (hasSets) return [`-m set ! --match-set ${peerSet(family)} src -j DROP`, `-j ${ownChain}`];
  const length = family === 4 ? 32 : 128;
  const addresses = [...peerIps(facts)].map(renderAddress).sort();
  return [...addresses.map((address) => `-s ${address}/${length} -g ${ownChain}`), '-j DROP'];
}

/**
 * The VNI of an IPv6 packet is found only behind a plain header. Whoever puts other headers in between is no VXLAN device;
 * without this rule, the VNI of such a packet would stay unseen and the packet would pass.
 */
function hiddenHeaders({ family }: RuleFacts): string[] {
  return family === 6 ? ['-p udp -m udp --dport 4789 -m u32 --u32 "0x3&0xff=0x0:0x10,0x12:0xff" -j DROP'] : [];
}

/** The first 24 bits after flags and reserved bits of the VXLAN header, which follows the 8 bytes of UDP's (RFC 7348). */
function vniMatches(tunnels: readonly OverlayNetwork[], family: Family): string[] {
  const place = family === 4 ? '0x0>>0x16&0x3c@0xc>>0x8' : '0x34>>0x8';
  const values = tunnels.map(({ vni }) => `0x${vni.toString(16)}`);
  const matches: string[] = [];
  for (let at = 0; at < values.length; at += mostValues) {
    const some = values.slice(at, at + mostValues).join(',');
    matches.push(`-p udp -m udp --dport 4789 -m u32 --u32 "${place}=${some}"`);
  }
  return matches;
}

/** A firewall that lets in established traffic alone would cut the tunnels: without tracking they are none. */
function acceptTunnels(tunnels: readonly OverlayNetwork[], family: Family): string[] {
  return vniMatches(tunnels, family).map((match) => `${match} -j ACCEPT`);
}

function acceptInputs(networks: readonly RuleNetwork[], family: Family): string[] {
  const own = networks.filter(({ network }) => familyOfTunnel(network.self) === family);
  return [...new Set(own.flatMap(({ inputs }) => inputs))].map((match) => `${match} -j ACCEPT`);
}

function acceptProbes({ devices, range, network }: Inner): string[] {
  const ways = network.direct ? [''] : devices.map((device) => ` -i ${device}`);
  return ways.map((way) => `-s ${renderRange(range)}${way} -p udp -m udp --dport ${probePort} -j ACCEPT`);
}

/** What comes out of the tunnel into the network's bridge. Policies were asked before (CATTLE_FORWARD stands in front). */
function acceptForwarded({ devices, range, network }: Inner): string[] {
  const [subnet, { bridge }] = [renderRange(range), network];
  const ways = network.direct ? [` ! -i ${bridge}`] : devices.map((device) => ` -i ${device}`);
  return ways.map((way) => `-s ${subnet} -d ${subnet}${way} -o ${bridge} -j ACCEPT`);
}

/** Both ends agree on segments that fit the way, also where ICMP is filtered and discovery fails. */
function clampOf({ devices }: Inner): string[] {
  return devices.map((device) => `-o ${device} -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu`);
}
