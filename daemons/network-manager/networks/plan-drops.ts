// Pure: what of ours is on the host and wanted no more. Only what proves to be ours: bridges by alias, routes by protocol,
// files by place and mark.

import { isOwnConflist } from '../../shared/model/conflist.ts';
import { contains, renderCidr4 } from '../../shared/model/ipv4.ts';
import type { Paths } from '../../shared/model/paths.ts';
import { type HaveLink, type HaveRoute, type HostState, networkOfBridge } from './host-state.ts';
import { unreachableMetric } from './plan-network.ts';
import type { DropStep, Fault } from './steps.ts';
import { blockPath, conflistPath } from './want-files.ts';
import type { WantNetwork } from './want-networks.ts';

export const forwardingPath = 'net/ipv4/ip_forward';

export function isHostForwarding(have: HostState): boolean {
  return have.sysctls.get(forwardingPath) === '1';
}

/** Files first: without its block file a network gets no new containers while the rest goes. */
export function planDrops(
  made: readonly WantNetwork[],
  wish: { readonly paths: Pick<Paths, 'blocks' | 'cniConf'> },
  have: HostState,
): { steps: DropStep[]; faults: Fault[] } {
  const bridges = planBridgeDrops(made, have);
  const steps = [
    ...planFileDrops(made, wish.paths, have),
    ...planAddressDrops(made, have),
    ...bridges.steps,
    ...planRouteDrops(made, have),
  ];
  return { steps, faults: bridges.faults };
}

function planFileDrops(
  made: readonly WantNetwork[],
  paths: Pick<Paths, 'blocks' | 'cniConf'>,
  have: HostState,
): DropStep[] {
  const keep = new Set(made.flatMap(({ name }) => [blockPath(paths, name), conflistPath(paths, name)]));
  return [...have.files]
    .filter(([path, text]) => !keep.has(path) && (path.startsWith(`${paths.blocks}/`) || isOwnConflist(text)))
    .map(([path]) => ({ do: 'drop-file', path }));
}

/** Former gateways; what lies outside the network's range somebody else has put there. */
function planAddressDrops(made: readonly WantNetwork[], have: HostState): DropStep[] {
  return made.flatMap((network): DropStep[] => {
    const link = have.links.find((one) => one.name === network.bridge);
    return have.addresses
      .filter((one) => one.index === link?.index && contains(network.subnet, one.address))
      .filter((one) => one.address !== network.gateway || one.prefix !== network.prefix)
      .map(({ index, address, prefix }) => ({ do: 'drop-address', index, address, prefix }));
  });
}

/** A bridge to which containers are still attached stays, and is reported: their traffic is not ours to cut. */
function planBridgeDrops(made: readonly WantNetwork[], have: HostState): { steps: DropStep[]; faults: Fault[] } {
  const wanted = new Set(made.map((network) => network.bridge));
  const steps: DropStep[] = [];
  const faults: Fault[] = [];
  for (const link of have.links) {
    const network = networkOfBridge(link);
    if (network === undefined || wanted.has(link.name)) continue;
    const ports = portsOf(link, have.links);
    if (ports === 0) steps.push({ do: 'drop-bridge', index: link.index, name: link.name });
    else {
      const text = `the network is gone, but its bridge ${link.name} still has ${ports} ports; detach the containers`;
      faults.push({ network, code: 'SUBNET_IN_USE', text });
    }
  }
  return { steps, faults };
}

function portsOf(bridge: HaveLink, links: readonly HaveLink[]): number {
  return links.filter((link) => link.master === bridge.index).length;
}

/** Unreachable routes of former networks, and routes to former blocks; those of containers (/32) and peers are others'. */
function planRouteDrops(made: readonly WantNetwork[], have: HostState): DropStep[] {
  const subnets = new Set(made.map(({ subnet }) => renderCidr4(subnet)));
  const blocks = new Set(made.flatMap(({ cidrs }) => cidrs.map(renderCidr4)));
  const bridges = new Map(have.links.flatMap((link) => (networkOfBridge(link) ? [[link.index, link] as const] : [])));
  const isStale = (route: HaveRoute): boolean => {
    if (!route.own) return false;
    const dst = renderCidr4(route.dst);
    if (route.type === 'unreachable') return route.metric === unreachableMetric && !subnets.has(dst);
    const isBlock = route.type === 'unicast' && !route.hasGateway && route.dst.prefix < 32;
    return isBlock && route.index !== undefined && bridges.has(route.index) && !blocks.has(dst);
  };
  return have.routes.filter(isStale).map(({ dst, metric, type }) => ({
    do: 'drop-route',
    dst,
    metric,
    type: type === 'unreachable' ? 'unreachable' : 'unicast',
  }));
}
