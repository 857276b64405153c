// Pure: the keys of the bridge plugin's configuration, Rancher's and the reference plugin's.
import type { Family } from '../../daemons/shared/model/ip.ts';
import { quote } from '../shared/environment.ts';
import { CniError, cniCodes } from '../shared/errors.ts';
import { countOf, isObject, type JsonObject } from '../shared/json.ts';
import { isIfname } from '../shared/names.ts';
import { badConfig } from '../shared/parse-config.ts';
import { parseDns } from '../shared/parse-result.ts';
import type { CniDns } from '../shared/result.ts';

export interface BridgeConf {
  /** undefined: as the block file says. */
  readonly bridge: string | undefined;
  readonly mtu: number | undefined;
  /** What the link of the container is smaller than the bridge; CNI_ARGS LinkMTUOverhead wins over the configuration. */
  readonly mtuOverhead: number;
  readonly hairpin: boolean;
  readonly promisc: boolean;
  /** Frames with a foreign source MAC are dropped. */
  readonly macSpoofCheck: boolean;
  /** The port reaches no other port that is isolated. */
  readonly isolated: boolean;
  /** The bridge has the gateway's address. */
  readonly gateway: boolean;
  /** `wanted` was asked for, `usual` gives way to a default route of the IPAM configuration. */
  readonly defaultRoute: 'wanted' | 'usual' | 'none';
  /** The gateway is the first IPv4 address that the bridge has. */
  readonly useBridgeAddress: boolean;
  /** The bridge's addresses may be touched. */
  readonly configureBridge: boolean;
  /** Another address of the bridge is replaced. */
  readonly forceAddress: boolean;
  /** IPv6 addresses are looked for on the link before they are used. */
  readonly detectDuplicates: boolean;
  readonly dns: CniDns;
}

/** Throws CNI code 7 naming the key, or 2 for a feature that there is not. Unknown keys belong to other programs. */
export function parseBridgeConf(config: JsonObject, args: Readonly<Record<string, string>>): BridgeConf {
  refuseUnsupported(config);
  const isRancher = config.type === 'rancher-bridge';
  const bridge = config.bridge === '' ? undefined : config.bridge;
  if (bridge !== undefined && !isIfname(bridge))
    throw badConfig(`bridge is ${quote(String(bridge))}`, 'not a device name');
  const promisc = flagOf(config, 'promiscMode') ?? false;
  const hairpin = flagOf(config, 'hairpinMode') ?? (!promisc && !isRancher);
  if (hairpin && promisc) throw badConfig('hairpinMode and promiscMode are both set', 'frames would arrive twice');
  const isDefault = flagOf(config, 'isDefaultGateway');
  const isGateway = flagOf(config, 'isGateway');
  const gateway = isDefault === true || (isGateway ?? !isRancher);
  return {
    bridge,
    mtu: mtuOf(config),
    mtuOverhead: overheadOf(config, args),
    hairpin,
    promisc,
    macSpoofCheck: flagOf(config, 'macspoofchk') ?? true,
    isolated: flagOf(config, 'portIsolation') ?? false,
    gateway,
    defaultRoute: isDefault ? 'wanted' : isDefault === undefined && gateway && !isRancher ? 'usual' : 'none',
    useBridgeAddress: flagOf(config, 'useBridgeIPAsGateway') ?? false,
    configureBridge: !(flagOf(config, 'skipBridgeConfigureIP') ?? false),
    forceAddress: flagOf(config, 'forceAddress') ?? false,
    detectDuplicates: flagOf(config, 'enabledad') ?? false,
    dns: dnsOf(config),
  };
}

function refuseUnsupported(config: JsonObject): void {
  const refuse = (key: string, why: string): never => {
    throw new CniError(cniCodes.unsupportedField, `${key} is not supported`, why);
  };
  const trunk = config.vlanTrunk;
  if ((config.vlan ?? 0) !== 0) refuse('vlan', 'Corral’s bridges have no VLAN filtering; give each VLAN a network');
  if (Array.isArray(trunk) && trunk.length > 0) refuse('vlanTrunk', 'Corral’s bridges have no VLAN filtering');
  if (config.disableContainerInterface === true) refuse('disableContainerInterface', 'an attachment has addresses');
  const { bandwidth } = isObject(config.runtimeConfig) ? config.runtimeConfig : {};
  const limits = isObject(bandwidth) ? Object.values(bandwidth).filter((value) => value !== 0) : [];
  if (limits.length > 0) refuse('runtimeConfig.bandwidth', 'chain the reference bandwidth plugin behind this one');
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

/** `runtimeConfig.dns` (servers, searches, options) before `dns`, member by member. */
function dnsOf(config: JsonObject): CniDns {
  const dns = parseDns(config.dns ?? {});
  if (!dns) throw badConfig('dns is not as the specification has it');
  const told = isObject(config.runtimeConfig) ? config.runtimeConfig.dns : undefined;
  if (told === undefined || told === null) return dns;
  const { servers, searches, options } = isObject(told) ? told : {};
  const asked = isObject(told) ? parseDns({ nameservers: servers, search: searches, options }) : undefined;
  if (!asked) throw badConfig('runtimeConfig.dns is not as the convention has it');
  return { ...dns, ...asked };
}

/** The device of a configuration that names none, in a network without a block; as the reference plugin has it. */
export const defaultBridge = 'cni0';

/** The range that stands for every address of a family. */
export const defaultRouteOf: Readonly<Record<Family, string>> = { 4: '0.0.0.0/0', 6: '::/0' };
