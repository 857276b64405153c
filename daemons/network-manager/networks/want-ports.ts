// Pure: the containers' links that must be ports of our bridges. A bridge that somebody removed comes back without its ports.
import { parseBridgeConf } from '../../../cni-plugins/bridge/bridge-conf.ts';
import { type AttachPlan, planAttach } from '../../../cni-plugins/bridge/plan.ts';
import type { Lease } from '../../../cni-plugins/ipam/lease.ts';
import type { Given } from '../../../cni-plugins/ipam/pool.ts';
import { CniError } from '../../../cni-plugins/shared/errors.ts';
import { hasCode } from '../../shared/model/errors.ts';
import { parseInterface } from '../../shared/model/ip.ts';
import { parseMac } from '../../shared/model/mac.ts';
import type { HaveLink } from './host-state.ts';
import type { WantNetwork } from './want-networks.ts';

export interface WantPort {
  readonly network: string;
  readonly device: string;
  /** As ADD planned it: flags of the port, forwarding entry, neighbour, route. */
  readonly plan: AttachPlan;
}

/** Links of containers that are on no bridge; leases have to be read only if there are some. */
export function strayLinks(links: Iterable<HaveLink>): HaveLink[] {
  return [...links].filter((link) => link.kind === 'veth' && link.master === undefined && isContainerAlias(link.alias));
}

/** Four parts: a bridge's alias has two. */
function isContainerAlias(alias: string | undefined): boolean {
  return alias !== undefined && /^corral:[^:]+:[^:]+:[^:]+$/.test(alias);
}

/** The ports that leases ask for. Half-made attachments are ADD's business, other plugins' links theirs. */
export function wantPorts(
  networks: readonly WantNetwork[],
  mtuOf: (network: WantNetwork) => number,
  leases: Iterable<Lease>,
): WantPort[] {
  const byName = new Map(networks.map((network) => [network.name, network]));
  return [...leases].flatMap((lease) => {
    const network = byName.get(lease.network);
    const isOurs = lease.phase === 'done' && network !== undefined && lease.bridge === network.bridge;
    if (!isOurs || lease.hostVeth === null) return [];
    const plan = planOf(lease, network, mtuOf(network));
    return plan ? [{ network: network.name, device: lease.hostVeth, plan }] : [];
  });
}

/** undefined for a lease whose configuration this version does not take. */
function planOf(lease: Lease, network: WantNetwork, mtu: number): AttachPlan | undefined {
  const mac = parseMac(lease.mac);
  const given = lease.addresses.flatMap((text) => givenOf(text, network) ?? []);
  if (!mac || given.length === 0) return undefined;
  const { name, subnet, cidrs, gateway, bridge, six, flat } = network;
  const ipv6 = six && { cidrs6: six.cidrs, gateway6: six.gateway, subnet6: six.subnet };
  const block = { network: name, subnet, cidrs, gateway, bridge, mtu, ...ipv6, ...(flat && { flat }) };
  try {
    const conf = parseBridgeConf(lease.config, lease.args);
    const ground = { block, bridgeSubnet: undefined, bridgeAddress: undefined, routes: [] };
    return planAttach(conf, ground, lease, given, mac);
  } catch (error) {
    if (error instanceof CniError || hasCode(error, 'CONFIG_INVALID')) return undefined;
    throw error;
  }
}

/** As IPAM gave it. */
function givenOf(text: string, network: WantNetwork): Given | undefined {
  const given = parseInterface(text);
  if (!given) return undefined;
  const side = typeof given.address === 'number' ? network : network.six;
  return { ...given, gateway: side?.gateway, gatewayPrefix: side?.prefix ?? given.prefix };
}

/** Those whose device is there, is the attachment's own, and is on no bridge. */
export function missingPorts(ports: readonly WantPort[], links: readonly HaveLink[]): WantPort[] {
  const stray = new Map(strayLinks(links).map((link) => [link.name, link]));
  return ports.filter(({ device, plan }) => stray.get(device)?.alias === plan.alias);
}
