// Pure: the keys of a configuration that decide about addresses, host-local's and Rancher's.
import {
  bitsOf,
  type Cidr,
  contains,
  familyOf,
  type Ip,
  networkOf,
  offsetIp,
  parseInterface,
  parseIp,
} from '../../daemons/shared/model/ip.ts';
import { isNetworkName } from '../../daemons/shared/model/networks.ts';
import { quote } from '../shared/environment.ts';
import { isObject, type JsonObject } from '../shared/json.ts';
import { badConfig } from '../shared/parse-config.ts';
import { parseRanges } from './parse-ranges.ts';
import type { RangeSet } from './pool.ts';
import { type Requested, requestedAddresses } from './requested.ts';

export interface WantedRoute {
  readonly dst: Cidr;
  /** undefined: the network's gateway. */
  readonly gw: Ip | undefined;
}

export interface IpamConf {
  /** The network whose block gives the addresses: `network`, else `name`. */
  readonly network: string;
  /** The configuration's own ranges; empty when the host's block decides. */
  readonly sets: readonly RangeSet[];
  readonly requested: readonly Requested[];
  readonly routes: readonly WantedRoute[];
  /** `bridgeSubnet` with the bridge's address in it: the range of a host without a block. */
  readonly bridgeSubnet: BridgeSubnet | undefined;
  /** Rancher's `subnetPrefixSize`, given to addresses that do not come from a block. */
  readonly prefixSize: number | undefined;
}

export interface BridgeSubnet {
  readonly subnet: Cidr;
  readonly address: Ip;
}

const maxRoutes = 128;

/** Throws CNI code 7 naming the key. */
export function parseIpamConf(config: JsonObject, args: Readonly<Record<string, string>>): IpamConf {
  return {
    network: networkNameOf(config),
    sets: parseRanges(config),
    requested: requestedAddresses(config, args),
    routes: parseRoutes(config.ipam),
    bridgeSubnet: parseBridgeSubnet(config),
    prefixSize: parsePrefixSize(config.ipam),
  };
}

/** All that DEL needs of a configuration. */
export function networkNameOf(config: JsonObject): string {
  const network = config.network ?? config.name;
  if (typeof network !== 'string' || !isNetworkName(network)) throw badConfig(`network is ${quote(String(network))}`);
  return network;
}

function parseRoutes(ipam: unknown): WantedRoute[] {
  const routes = isObject(ipam) ? (ipam.routes ?? []) : [];
  if (!Array.isArray(routes) || routes.length > maxRoutes)
    throw badConfig(`ipam.routes is not a list of at most ${maxRoutes}`);
  return routes.map((route: unknown) => {
    const dst = isObject(route) && typeof route.dst === 'string' ? parseInterface(route.dst) : undefined;
    const text = isObject(route) ? (route.gw ?? '') : '';
    const gw = typeof text === 'string' && text !== '' ? parseIp(text) : undefined;
    const isSound = dst && (text === '' || (gw !== undefined && familyOf(gw) === familyOf(dst.address)));
    if (!isSound) throw badConfig(`ipam.routes holds ${quote(JSON.stringify(route))}`);
    return { dst: { base: networkOf(dst.address, dst.prefix), prefix: dst.prefix }, gw };
  });
}

/** `bridgeIP` with or without a prefix, which is always the subnet's; without it the first address of the subnet. */
export function parseBridgeSubnet(config: JsonObject): BridgeSubnet | undefined {
  const { bridgeSubnet: text = '', bridgeIP = '' } = config;
  if (text === '' || text === null) return undefined;
  const parsed = typeof text === 'string' ? parseInterface(text) : undefined;
  if (!parsed || bitsOf(familyOf(parsed.address)) === parsed.prefix)
    throw badConfig(`bridgeSubnet is ${quote(String(text))}`, 'expected a network');
  const subnet = { base: networkOf(parsed.address, parsed.prefix), prefix: parsed.prefix };
  if (bridgeIP === '' || bridgeIP === null) return { subnet, address: offsetIp(subnet.base, 1)! };
  const asked = typeof bridgeIP === 'string' ? (parseIp(bridgeIP) ?? parseInterface(bridgeIP)?.address) : undefined;
  if (asked === undefined || !contains(subnet, asked))
    throw badConfig(`bridgeIP is ${quote(String(bridgeIP))}`, `expected an address of ${text}`);
  return { subnet, address: asked };
}

function parsePrefixSize(ipam: unknown): number | undefined {
  const text = isObject(ipam) ? (ipam.subnetPrefixSize ?? '') : '';
  if (text === '') return undefined;
  const size = typeof text === 'string' && /^\/\d{1,2}$/.test(text) ? Number(text.slice(1)) : 0;
  if (size < 1 || size > 32) throw badConfig(`ipam.subnetPrefixSize is ${quote(String(text))}`, 'expected /1 to /32');
  return size;
}
