// Pure: what has to be done so that the host has the wanted networks. Nothing to do is an empty list.
import type { Lease } from '../../../cni-plugins/ipam/lease.ts';
import { renderCidr4 } from '../../shared/model/ipv4.ts';
import { findOverlap, proposeSubnet } from '../../shared/model/overlaps.ts';
import type { Paths } from '../../shared/model/paths.ts';
import { uplinkMtu } from '../../shared/model/uplink.ts';
import { formerOf, planFormer, withFormerMac } from './former-gateways.ts';
import { type HaveLink, type HostState, networkOfBridge } from './host-state.ts';
import { planDrops } from './plan-drops.ts';
import { planForwarding } from './plan-forwarding.ts';
import { planFiles, planNetwork } from './plan-network.ts';
import type { Reserved } from './reservations.ts';
import { hostRoutes, ownDeviceNames } from './routes-of-host.ts';
import type { Fault, Step } from './steps.ts';
import { wantMtu } from './want-mtu.ts';
import { type WantNetwork, withoutBlocks } from './want-networks.ts';
import { missingPorts, wantPorts } from './want-ports.ts';

export interface NetworksWish {
  readonly networks: readonly WantNetwork[];
  /** False: nothing may be removed on this word. */
  readonly complete: boolean;
  readonly paths: Pick<Paths, 'blocks' | 'cniConf'>;
  /** Read if a container's link is on no bridge, or a bridge has another gateway than it should; else none. */
  readonly leases: readonly Lease[];
  /** Blocks, as `<network>/<cidr>`, that IPAM is not to be offered. */
  readonly withheld?: ReadonlySet<string>;
  /** By network: addresses that IPAM gives to nobody but whom they are for. */
  readonly reserved?: ReadonlyMap<string, Reserved>;
}

export interface NetworksPlan {
  readonly steps: readonly Step[];
  readonly faults: readonly Fault[];
  /** Networks that cannot be made here: no rule may speak of their ranges. */
  readonly refused: ReadonlySet<string>;
}

export function planNetworks(wish: NetworksWish, have: HostState): NetworksPlan {
  const faults: Fault[] = [];
  const refused = new Set<string>();
  const made: WantNetwork[] = [];
  const bridges = new Set<string>();
  for (const network of wish.networks) {
    const { fault, fatal } = judge(network, wish, have, bridges);
    if (fault) faults.push(fault);
    if (fatal) refused.add(network.name);
    else made.push(network);
    bridges.add(network.bridge);
  }
  const former = new Map(made.map((network) => [network.name, formerOf(network, wish.leases)]));
  const underlay = made[0]?.underlay ?? 4;
  const uplink = uplinkMtu(have.routes, have.links, underlay);
  const mtuOf = (network: WantNetwork): number => wantMtu(network, uplink);
  const steps: Step[] = [...planForwarding(made, have)];
  for (const network of made) {
    const link = have.links.find(({ name }) => name === network.bridge);
    const still = former.get(network.name) ?? { gateways: [], users: [] };
    steps.push(...planNetwork(withFormerMac(network, still, link), mtuOf(network), have));
    steps.push(...planFormer(network, still, link, have));
  }
  const ports = wantPorts(made, mtuOf, wish.leases);
  for (const port of missingPorts(ports, have.links)) steps.push({ do: 'port', ...port });
  for (const network of made) {
    const offered = withoutBlocks(network, wish.withheld ?? new Set());
    const reserved = wish.reserved?.get(network.name);
    steps.push(...planFiles(offered, mtuOf(network), wish.paths, have, reserved));
  }
  if (wish.complete) {
    const drops = planDrops(made, { ...wish, former }, have);
    steps.push(...drops.steps);
    faults.push(...drops.faults);
  }
  return { steps, faults, refused };
}

/** What speaks against a network; fatal if it must not be made. One that stands already is kept up whatever comes beside it. */
function judge(
  network: WantNetwork,
  wish: NetworksWish,
  have: HostState,
  bridges: ReadonlySet<string>,
): { fault?: Fault; fatal: boolean } {
  const { name, bridge } = network;
  const link = have.links.find((one) => one.name === bridge);
  if (link && link.kind !== 'bridge') {
    const text = `${bridge} is a device of kind ${link.kind ?? 'hardware'}; rename it or the network`;
    return { fault: { network: name, code: 'BRIDGE_NOT_A_BRIDGE', text }, fatal: true };
  }
  if (bridges.has(bridge)) {
    const text = `its bridge ${bridge} is another network's too; rename one of the networks`;
    return { fault: { network: name, code: 'CONFIG_INVALID', text }, fatal: true };
  }
  const own = ownDeviceNames(wish.networks, have.links);
  const routes = hostRoutes(have, own);
  const overlap = findOverlap(network.subnet, routes, own);
  if (!overlap) return { fatal: false };
  const taken = [...routes.map((route) => route.dst), ...wish.networks.map((other) => other.subnet)];
  const free = proposeSubnet(taken, network.subnet.prefix);
  const via = overlap.device === null ? '' : ` through ${overlap.device}`;
  const text = `${renderCidr4(network.subnet)} overlaps the host's route ${renderCidr4(overlap.dst)}${via}; ${
    free ? `${renderCidr4(free)} is free` : 'no private range of this size is free'
  }`;
  return { fault: { network: name, code: 'SUBNET_OVERLAP', text }, fatal: !stands(network, link, have) };
}

function stands(network: WantNetwork, link: HaveLink | undefined, have: HostState): boolean {
  const isOurs = link !== undefined && networkOfBridge(link) === network.name;
  return isOurs && have.addresses.some((one) => one.index === link.index && one.address === network.gateway);
}
