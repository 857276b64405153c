// Pure: what of ours is on the host and wanted no more. Only what proves to be ours: bridges by alias, routes by protocol,
// files by place and mark.
import { isOwnConflist } from '../../shared/model/conflist.ts';
import { bitsOf, contains, familyOf, renderCidr } from '../../shared/model/ip.ts';
import type { Paths } from '../../shared/model/paths.ts';
import type { Former } from './former-gateways.ts';
import { type HaveAddress, type HaveLink, type HaveRoute, type HostState, networkOfBridge } from './host-state.ts';
import { unreachableMetric } from './plan-network.ts';
import type { DropStep, Fault } from './steps.ts';
import { blockPath, conflistPath } from './want-files.ts';
import type { WantIpv6, WantNetwork } from './want-networks.ts';

/** Files first: without its block file a network gets no new containers while the rest goes. */
export function planDrops(
  made: readonly WantNetwork[],
  wish: { readonly paths: Pick<Paths, 'blocks' | 'cniConf'>; readonly former: ReadonlyMap<string, Former> },
  have: HostState,
): { steps: DropStep[]; faults: Fault[] } {
  const bridges = planBridgeDrops(made, have);
  const steps = [
    ...planFileDrops(made, wish.paths, have),
    ...planAddressDrops(made, wish.former, have),
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

/**
 * Former gateways: in the network's range, or in one that the network had before, as its unreachable route still tells. What
 * lies elsewhere somebody else has put there. One that containers still use stays, without the range around it.
 */
function planAddressDrops(
  made: readonly WantNetwork[],
  used: ReadonlyMap<string, Former>,
  have: HostState,
): DropStep[] {
  const subnets = new Set(made.flatMap(sidesOf).map(({ subnet }) => renderCidr(subnet)));
  const former = have.routes.filter((route) => isUnreachable(route) && !subnets.has(renderCidr(route.dst)));
  return made.flatMap((network): DropStep[] => {
    const link = have.links.find((one) => one.name === network.bridge);
    const sides = sidesOf(network);
    const isOurs = ({ address }: HaveAddress): boolean =>
      [...sides.map(({ subnet }) => subnet), ...former.map(({ dst }) => dst)].some((range) => contains(range, address));
    const isWanted = ({ address, prefix }: HaveAddress): boolean =>
      sides.some((side) => address === side.gateway && prefix === side.prefix) ||
      (used.get(network.name)?.gateways.includes(address) && prefix === bitsOf(familyOf(address))) === true;
    return have.addresses
      .filter((one) => one.index === link?.index && isOurs(one) && !isWanted(one))
      .map(({ index, address, prefix }) => ({ do: 'drop-address', index, address, prefix }));
  });
}

function isUnreachable(route: HaveRoute): boolean {
  return route.own && route.type === 'unreachable' && route.metric === unreachableMetric;
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
  const sides = made.flatMap(sidesOf);
  const subnets = new Set(sides.map(({ subnet }) => renderCidr(subnet)));
  const blocks = new Set(sides.flatMap(({ cidrs }) => cidrs.map(renderCidr)));
  const bridges = new Map(have.links.flatMap((link) => (networkOfBridge(link) ? [[link.index, link] as const] : [])));
  const isStale = (route: HaveRoute): boolean => {
    if (!route.own) return false;
    const dst = renderCidr(route.dst);
    if (route.type === 'unreachable') return isUnreachable(route) && !subnets.has(dst);
    const isBlock =
      route.type === 'unicast' && !route.hasGateway && route.dst.prefix < bitsOf(familyOf(route.dst.base));
    return isBlock && route.index !== undefined && bridges.has(route.index) && !blocks.has(dst);
  };
  return have.routes.filter(isStale).map(({ dst, metric, type }) => ({
    do: 'drop-route',
    dst,
    metric,
    type: type === 'unreachable' ? 'unreachable' : 'unicast',
  }));
}

function sidesOf(network: WantNetwork): (WantNetwork | WantIpv6)[] {
  return network.six ? [network, network.six] : [network];
}
