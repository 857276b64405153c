// Pure: the keys of the bridge plugin's configuration, Rancher's and the reference plugin's.
import { type Cidr4, type Ipv4, networkOf, parseInterface4, parseIpv4 } from '../../daemons/shared/model/ipv4.ts';
import { isNetworkName } from '../../daemons/shared/model/networks.ts';
import { quote } from '../shared/environment.ts';
import { countOf, isObject, type JsonObject } from '../shared/json.ts';
import { isIfname } from '../shared/names.ts';
import { badConfig } from '../shared/parse-config.ts';
import { parseDns } from '../shared/parse-result.ts';
import type { CniDns } from '../shared/result.ts';

export interface WantedRoute {
  readonly dst: Cidr4;
  /** undefined: the network's gateway. */
  readonly gw: Ipv4 | undefined;
}

export interface BridgeConf {
  /** The network whose block gives the addresses: `network`, else `name`. */
  readonly network: string;
  /** undefined: as the block file says. */
  readonly bridge: string | undefined;
  readonly mtu: number | undefined;
  /** What the link of the container is smaller than the bridge; CNI_ARGS LinkMTUOverhead wins over the configuration. */
  readonly mtuOverhead: number;
  readonly hairpin: boolean;
  readonly promisc: boolean;
  /** Frames with a foreign source MAC are dropped. */
  readonly macSpoofCheck: boolean;
  readonly defaultRoute: boolean;
  readonly routes: readonly WantedRoute[];
  readonly dns: CniDns;
}

const maxRoutes = 128;

/** Throws CNI code 7 naming the key. Keys that it does not know belong to other programs. */
export function parseBridgeConf(config: JsonObject, args: Readonly<Record<string, string>>): BridgeConf {
  const network = networkNameOf(config);
  const bridge = config.bridge === '' ? undefined : config.bridge;
  if (bridge !== undefined && !isIfname(bridge))
    throw badConfig(`bridge is ${quote(String(bridge))}`, 'not a device name');
  const promisc = flagOf(config, 'promiscMode') ?? false;
  const hairpin = flagOf(config, 'hairpinMode') ?? !promisc;
  if (hairpin && promisc) throw badConfig('hairpinMode and promiscMode are both set', 'frames would arrive twice');
  const routes = parseRoutes(config.ipam);
  const dns = parseDns(config.dns ?? {});
  if (!dns) throw badConfig('dns is not as the specification has it');
  return {
    network,
    bridge,
    mtu: mtuOf(config),
    mtuOverhead: overheadOf(config, args),
    hairpin,
    promisc,
    macSpoofCheck: flagOf(config, 'macspoofchk') ?? true,
    defaultRoute: (flagOf(config, 'isDefaultGateway') ?? true) && !routes.some((route) => route.dst.prefix === 0),
    routes,
    dns,
  };
}

/** All that DEL needs of a configuration. */
export function networkNameOf(config: JsonObject): string {
  const network = config.network ?? config.name;
  if (typeof network !== 'string' || !isNetworkName(network)) throw badConfig(`network is ${quote(String(network))}`);
  return network;
}

/** `true`, or the text "true" as old configurations have it. */
function flagOf(config: JsonObject, key: string): boolean | undefined {
  const value = config[key];
  if (value === undefined || typeof value === 'boolean') return value;
  if (value === 'true' || value === 'false') return value === 'true';
  throw badConfig(`${key} is ${quote(JSON.stringify(value))}`, 'expected true or false');
}

function mtuOf(config: JsonObject): number | undefined {
  const mtu = countOf(config.mtu ?? 0, 65535);
  if (mtu === undefined || (mtu > 0 && mtu < 68))
    throw badConfig(`mtu is ${quote(JSON.stringify(config.mtu))}`, 'expected 0 or 68 to 65535');
  return mtu === 0 ? undefined : mtu;
}

function overheadOf(config: JsonObject, args: Readonly<Record<string, string>>): number {
  const told = args.LinkMTUOverhead;
  if (told !== undefined && /^\d{1,5}$/.test(told)) return Number(told);
  const overhead = countOf(config.linkMTUOverhead ?? 0, 65535);
  if (overhead === undefined) throw badConfig(`linkMTUOverhead is ${quote(JSON.stringify(config.linkMTUOverhead))}`);
  return overhead;
}

function parseRoutes(ipam: unknown): WantedRoute[] {
  const routes = isObject(ipam) ? (ipam.routes ?? []) : [];
  if (!Array.isArray(routes) || routes.length > maxRoutes)
    throw badConfig(`ipam.routes is not a list of at most ${maxRoutes}`);
  return routes.map((route: unknown) => {
    const dst = isObject(route) && typeof route.dst === 'string' ? parseInterface4(route.dst) : undefined;
    const text = isObject(route) ? (route.gw ?? '') : '';
    const gw = text === '' ? undefined : parseIpv4(String(text));
    if (!dst || (text !== '' && gw === undefined)) throw badConfig(`ipam.routes holds ${quote(JSON.stringify(route))}`);
    return { dst: { base: networkOf(dst.address, dst.prefix), prefix: dst.prefix }, gw };
  });
}
