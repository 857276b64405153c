// Pure: everything that ADD will make, decided before it makes anything.
import {
  type Cidr4,
  contains,
  type Ipv4,
  parseInterface4,
  renderCidr4,
  renderIpv4,
} from '../../daemons/shared/model/ipv4.ts';
import { type Mac, macForAddress } from '../../daemons/shared/model/mac.ts';
import type { BlockFile } from '../ipam/block-file.ts';
import type { CniDns, CniInterface, CniResult, CniRoute } from '../shared/result.ts';
import type { BridgeConf } from './bridge-conf.ts';
import { hostVethMac, type LinkOwner, linkAlias } from './names.ts';

export interface BridgePlan {
  readonly name: string;
  readonly mac: Mac;
  readonly mtu: number;
  readonly address: Ipv4;
  readonly prefix: number;
  readonly promisc: boolean;
  /** Corral's own bridge; someone else's keeps its MAC and MTU. */
  readonly own: boolean;
}

export interface RoutePlan {
  readonly dst: Cidr4;
  /** undefined: on the link. */
  readonly gw: Ipv4 | undefined;
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
  readonly address: Ipv4;
  readonly prefix: number;
  readonly hairpin: boolean;
  readonly locked: boolean;
  /** In the container, in this order. */
  readonly routes: readonly RoutePlan[];
  /** The host reaches the address by a route of its own, since the bridge's subnet does not hold it. */
  readonly hostRoute: boolean;
}

const smallestMtu = 68;

export function planBridge(conf: BridgeConf, block: BlockFile): BridgePlan {
  const home = block.cidrs.find((cidr) => contains(cidr, block.gateway))!;
  return {
    name: conf.bridge ?? block.bridge,
    mac: macForAddress(block.gateway),
    mtu: conf.mtu ?? block.mtu,
    address: block.gateway,
    prefix: home.prefix,
    promisc: conf.promisc,
    own: conf.bridge === undefined || conf.bridge === block.bridge,
  };
}

/** @param address of the lease, with its prefix */
export function planAttach(
  conf: BridgeConf,
  block: BlockFile,
  owner: LinkOwner,
  address: string,
  mac: Mac,
): AttachPlan {
  const bridge = planBridge(conf, block);
  const parsed = parseInterface4(address);
  if (!parsed) throw new RangeError(`a lease holds the address ${address}`);
  const smaller = bridge.mtu - conf.mtuOverhead;
  const isOnLink = parsed.prefix < 32;
  return {
    bridge,
    ifname: owner.ifname,
    hostMac: hostVethMac(owner),
    alias: linkAlias(owner),
    mac,
    mtu: smaller >= smallestMtu ? smaller : bridge.mtu,
    address: parsed.address,
    prefix: parsed.prefix,
    hairpin: conf.hairpin,
    locked: conf.macSpoofCheck,
    routes: planRoutes(conf, block.gateway, isOnLink),
    hostRoute: !isOnLink,
  };
}

/** The container's routes; the default route first. */
export function planRoutes(conf: BridgeConf, gateway: Ipv4, gatewayOnLink: boolean): RoutePlan[] {
  const routes: RoutePlan[] = [];
  if (!gatewayOnLink) routes.push({ dst: { base: gateway, prefix: 32 }, gw: undefined, onlink: false });
  if (conf.defaultRoute) routes.push({ dst: { base: 0 as Ipv4, prefix: 0 }, gw: gateway, onlink: !gatewayOnLink });
  for (const { dst, gw } of conf.routes) {
    if (!routes.some((known) => renderCidr4(known.dst) === renderCidr4(dst))) {
      routes.push({ dst, gw: gw ?? gateway, onlink: !gatewayOnLink });
    }
  }
  return routes;
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
    ips: [
      {
        address: `${renderIpv4(plan.address)}/${plan.prefix}`,
        gateway: renderIpv4(plan.bridge.address),
        interface: 2,
      },
    ],
    routes: plan.routes.map(renderRoute),
    dns,
  };
}

export function renderRoute({ dst, gw }: RoutePlan): CniRoute {
  return { dst: renderCidr4(dst), ...(gw !== undefined && { gw: renderIpv4(gw) }) };
}
