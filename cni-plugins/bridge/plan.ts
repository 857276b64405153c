// Pure: everything that ADD will make, decided before it makes anything.
import {
  bitsOf,
  type Cidr,
  contains,
  type Family,
  familyOf,
  type Interface,
  type Ip,
  networkOf,
  parseCidr,
  renderCidr,
  renderInterface,
  renderIp,
} from '../../daemons/shared/model/ip.ts';
import { type Mac, macFor } from '../../daemons/shared/model/mac.ts';
import type { BlockFile } from '../ipam/block-file.ts';
import type { BridgeSubnet, WantedRoute } from '../ipam/ipam-conf.ts';
import { firstHost, type Given } from '../ipam/pool.ts';
import { badConfig } from '../shared/parse-config.ts';
import type { CniDns, CniInterface, CniResult, CniRoute } from '../shared/result.ts';
import { type BridgeConf, defaultBridge, defaultRouteOf } from './bridge-conf.ts';
import { hostVethMac, type LinkOwner, linkAlias } from './names.ts';

export interface BridgePlan {
  readonly name: string;
  /** undefined: the bridge has no address from which it could be derived. */
  readonly mac: Mac | undefined;
  readonly mtu: number;
  readonly addresses: readonly Interface[];
  /** Addresses that the bridge has besides: `keep` them, `refuse` to work with them, or `replace` them. */
  readonly others: 'keep' | 'refuse' | 'replace';
  readonly promisc: boolean;
  /** Corral's own bridge; someone else's keeps its MAC and MTU. */
  readonly own: boolean;
}

export interface RoutePlan {
  readonly dst: Cidr;
  /** undefined: on the link. */
  readonly gw: Ip | undefined;
  /** The gateway is reached although no address of ours is in its subnet. */
  readonly onlink: boolean;
}

export interface AttachPlan {
  readonly bridge: BridgePlan;
  readonly ifname: string;
  readonly hostMac: Mac;
  readonly alias: string;
  readonly mac: Mac;
  readonly mtu: number;
  readonly addresses: readonly Given[];
  readonly detectDuplicates: boolean;
  readonly hairpin: boolean;
  readonly locked: boolean;
  readonly isolated: boolean;
  /** In the container, in this order. */
  readonly routes: readonly RoutePlan[];
  /** Addresses that the host reaches by a route of their own, since the bridge's subnet does not hold them. */
  readonly hostRoutes: readonly Given[];
}

/** What a network is made of, besides the keys of the bridge. */
export interface Ground {
  readonly block: BlockFile | undefined;
  readonly bridgeSubnet: BridgeSubnet | undefined;
  /** The first IPv4 address of the bridge, when it is to be the gateway. */
  readonly bridgeAddress: Ip | undefined;
  /** From the configuration, or from another IPAM plugin. */
  readonly routes: readonly WantedRoute[];
}

const smallestMtu = 68;
const usualMtu = 1500;

export function bridgeName(conf: BridgeConf, block: BlockFile | undefined): string {
  return conf.bridge ?? block?.bridge ?? defaultBridge;
}

function planBridge(conf: BridgeConf, ground: Ground, given: readonly Given[]): BridgePlan {
  const { block, bridgeSubnet } = ground;
  const addresses = conf.configureBridge ? bridgeAddresses(conf, ground, given) : [];
  const strict = !block && !bridgeSubnet;
  return {
    name: bridgeName(conf, block),
    mac: addresses[0] && macFor(addresses[0].address),
    mtu: conf.mtu ?? block?.mtu ?? usualMtu,
    addresses,
    others: conf.forceAddress ? 'replace' : strict ? 'refuse' : 'keep',
    promisc: conf.promisc,
    own: block !== undefined && bridgeName(conf, block) === block.bridge,
  };
}

/** Each once: the address of `bridgeSubnet`, and the gateways of what the container gets. */
function bridgeAddresses(conf: BridgeConf, ground: Ground, given: readonly Given[]): Interface[] {
  const { block, bridgeSubnet, bridgeAddress } = ground;
  const wanted = new Map<string, Interface>();
  const add = (one: Interface): Map<string, Interface> => wanted.set(renderInterface(one), one);
  if (!block && bridgeSubnet) add({ address: bridgeSubnet.address, prefix: bridgeSubnet.subnet.prefix });
  const gateways = given.filter(({ gateway }) => gateway !== undefined && gateway !== bridgeAddress);
  if (conf.gateway || block) for (const one of gateways) add({ address: one.gateway!, prefix: one.gatewayPrefix });
  return [...wanted.values()];
}

/** @param chosen by our IPAM or another, in the order of its sets; at least one */
export function planAttach(
  conf: BridgeConf,
  ground: Ground,
  owner: LinkOwner,
  chosen: readonly Given[],
  mac: Mac,
): AttachPlan {
  const addresses = chosen.map((one) => withGateway(conf, ground, one));
  const bridge = planBridge(conf, ground, addresses);
  return {
    bridge,
    ifname: owner.ifname,
    hostMac: hostVethMac(owner),
    alias: linkAlias(owner),
    mac,
    mtu: containerMtu(bridge.mtu, conf.mtuOverhead),
    addresses,
    detectDuplicates: conf.detectDuplicates,
    hairpin: conf.hairpin,
    locked: conf.macSpoofCheck,
    isolated: conf.isolated,
    routes: planRoutes(conf.defaultRoute, ground.routes, addresses),
    hostRoutes: addresses.filter((one) => one.gateway !== undefined && !reaches(one, one.gateway)),
  };
}

/** Smaller by the overhead, unless that leaves nothing that a link could have. */
export function containerMtu(mtu: number, overhead: number): number {
  return mtu - overhead >= smallestMtu ? mtu - overhead : mtu;
}

/** The gateway that the container gets: the bridge's own address if that is asked for, else IPAM's, else the subnet's first. */
function withGateway(conf: BridgeConf, ground: Ground, one: Given): Given {
  const { bridgeAddress } = ground;
  if (bridgeAddress !== undefined && familyOf(bridgeAddress) === familyOf(one.address)) {
    return { ...one, gateway: bridgeAddress };
  }
  if (one.gateway !== undefined || !conf.gateway) return one;
  return { ...one, gateway: firstHost(subnetOf(one)), gatewayPrefix: one.prefix };
}

function subnetOf({ address, prefix }: Interface): Cidr {
  return { base: networkOf(address, prefix), prefix };
}

function reaches(one: Interface, gateway: Ip): boolean {
  return contains(subnetOf(one), gateway);
}

/** The container's routes; what leads to a gateway first, then the default routes. Throws CNI code 7 if two contradict. */
export function planRoutes(
  defaultRoute: BridgeConf['defaultRoute'],
  wanted: readonly WantedRoute[],
  addresses: readonly Given[],
): RoutePlan[] {
  const routes = new Map<string, RoutePlan>();
  const add = (route: RoutePlan): void => {
    const key = renderCidr(route.dst);
    if (!routes.has(key)) routes.set(key, route);
  };
  const gatewayOf = (family: Family): Ip | undefined =>
    addresses.find((one) => familyOf(one.address) === family)?.gateway;
  const isOnLink = (gw: Ip | undefined): boolean => gw !== undefined && !addresses.some((one) => reaches(one, gw));
  for (const { gateway } of addresses) {
    if (gateway === undefined || !isOnLink(gateway)) continue;
    add({ dst: { base: gateway, prefix: bitsOf(familyOf(gateway)) }, gw: undefined, onlink: false });
  }
  for (const family of [4, 6] as const) {
    const gw = gatewayOf(family);
    if (defaultRoute === 'none' || gw === undefined) continue;
    const dst = parseCidr(defaultRouteOf[family])!;
    const other = wanted.find((route) => renderCidr(route.dst) === renderCidr(dst) && route.gw !== undefined);
    if (!other || other.gw === gw) add({ dst, gw, onlink: isOnLink(gw) });
    else if (defaultRoute === 'wanted') {
      const details = `isDefaultGateway means ${renderIp(gw)}`;
      throw badConfig(`ipam gives a default route by ${renderIp(other.gw!)}`, details);
    }
  }
  for (const { dst, gw } of wanted) {
    const family = familyOf(dst.base);
    if (!addresses.some((one) => familyOf(one.address) === family)) continue;
    const via = gw ?? gatewayOf(family);
    add({ dst, gw: via, onlink: isOnLink(via) });
  }
  return [...routes.values()];
}

/** What became of the devices, for the result. */
export interface MadeLinks {
  readonly bridge: CniInterface;
  readonly hostVeth: string;
  readonly sandbox: string;
}

/** The result that tells a runtime of the attachment. */
export function resultOf(plan: AttachPlan, made: MadeLinks, dns: CniDns): CniResult {
  return {
    interfaces: [
      made.bridge,
      { name: made.hostVeth, mac: plan.hostMac, mtu: plan.mtu },
      { name: plan.ifname, mac: plan.mac, mtu: plan.mtu, sandbox: made.sandbox },
    ],
    ips: plan.addresses.map((one) => ({
      address: renderInterface(one),
      ...(one.gateway !== undefined && { gateway: renderIp(one.gateway) }),
      interface: 2,
    })),
    routes: plan.routes.map(renderRoute),
    dns,
  };
}

export function renderRoute({ dst, gw }: RoutePlan): CniRoute {
  return { dst: renderCidr(dst), ...(gw !== undefined && { gw: renderIp(gw) }) };
}
