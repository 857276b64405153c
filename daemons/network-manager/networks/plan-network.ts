// Pure: what one network still lacks.
import { isOwnConflist } from '../../shared/model/conflist.ts';
import { type Cidr, type Ip, renderCidr } from '../../shared/model/ip.ts';
import type { Paths } from '../../shared/model/paths.ts';
import { bridgeAlias, type HaveLink, type HostState } from './host-state.ts';
import { networkSysctls } from './network-sysctls.ts';
import type { Reserved } from './reservations.ts';
import type { FileStep, NetworkStep } from './steps.ts';
import { conflistPath, wantFiles } from './want-files.ts';
import type { WantNetwork } from './want-networks.ts';

/** Behind every other route to the range: packets for a block that nobody owns end here, not on the uplink. */
export const unreachableMetric = 0xffffffff;

/** One family of a network. */
interface Side {
  readonly subnet: Cidr;
  readonly gateway: Ip;
  readonly prefix: number;
  readonly cidrs: readonly Cidr[];
}

export function planNetwork(network: WantNetwork, mtu: number, have: HostState): NetworkStep[] {
  const link = have.links.find((one) => one.name === network.bridge);
  const sides: Side[] = network.six ? [network, network.six] : [network];
  return [
    ...sides.flatMap((side) => planUnreachable(network.name, side.subnet, have)),
    ...planBridge(network, mtu, link),
    ...planSysctls(network, link, have),
    ...sides.flatMap((side) => planAddress(network, side, link, have)),
    ...sides.flatMap((side) => planBlockRoutes(network, side, link, have)),
  ];
}

/** Written only where the content differs; a configuration that a person made theirs stays. */
export function planFiles(
  network: WantNetwork,
  mtu: number,
  paths: Pick<Paths, 'blocks' | 'cniConf'>,
  have: HostState,
  reserved?: Reserved,
): FileStep[] {
  return wantFiles(network, mtu, paths, reserved).flatMap((file) => {
    const text = have.files.get(file.path);
    if (text === file.body) return [];
    const isForeign = file.path === conflistPath(paths, network.name) && text !== undefined && !isOwnConflist(text);
    return isForeign ? [] : [{ do: 'file', network: network.name, ...file }];
  });
}

function planUnreachable(name: string, subnet: Cidr, have: HostState): NetworkStep[] {
  const there = have.routes.some(
    (route) =>
      route.own &&
      route.type === 'unreachable' &&
      route.metric === unreachableMetric &&
      renderCidr(route.dst) === renderCidr(subnet),
  );
  return there ? [] : [{ do: 'unreachable', network: name, subnet }];
}

function planBridge(network: WantNetwork, mtu: number, link: HaveLink | undefined): NetworkStep[] {
  const alias = bridgeAlias(network.name);
  const same = link?.mac === network.mac && link.mtu === mtu && link.up && link.alias === alias;
  return same ? [] : [{ do: 'bridge', network: network.name, name: network.bridge, mac: network.mac, mtu, alias }];
}

/** A setting that an existing bridge does not have (no IPv6 in the kernel) is not wanted. */
function planSysctls(network: WantNetwork, link: HaveLink | undefined, have: HostState): NetworkStep[] {
  return [...networkSysctls(network)].flatMap(([path, value]) => {
    const actual = have.sysctls.get(path);
    const isThere = link !== undefined && (actual === undefined || actual === value);
    return isThere ? [] : [{ do: 'sysctl', network: network.name, path, value }];
  });
}

function planAddress(
  { name, bridge }: WantNetwork,
  { gateway, prefix }: Side,
  link: HaveLink | undefined,
  have: HostState,
): NetworkStep[] {
  const there = have.addresses.some(
    (one) => one.index === link?.index && one.address === gateway && one.prefix === prefix,
  );
  return there ? [] : [{ do: 'address', network: name, bridge, address: gateway, prefix }];
}

/** The first block is on the link by the gateway's address; further ones need a route. */
function planBlockRoutes(
  network: WantNetwork,
  { cidrs }: Side,
  link: HaveLink | undefined,
  have: HostState,
): NetworkStep[] {
  return cidrs.slice(1).flatMap((cidr) => {
    const there = have.routes.some(
      (route) => route.own && route.index === link?.index && renderCidr(route.dst) === renderCidr(cidr),
    );
    return there ? [] : [{ do: 'block-route', network: network.name, bridge: network.bridge, cidr }];
  });
}
