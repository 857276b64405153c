// Pure: the addresses and the MAC that a caller asks for, from the places where runtimes put them.
import { type Ip, parseInterface, parseIp } from '../../daemons/shared/model/ip.ts';
import { isUsableMac, type Mac, parseMac } from '../../daemons/shared/model/mac.ts';
import { corralArgsOf } from '../shared/corral-args.ts';
import { quote } from '../shared/environment.ts';
import { isObject, type JsonObject, textsOf } from '../shared/json.ts';
import { badConfig } from '../shared/parse-config.ts';

type Args = Readonly<Record<string, string>>;

export interface Requested {
  readonly address: Ip;
  /** undefined when none was named. A range decides the prefix itself; this is for addresses without a range. */
  readonly prefix: number | undefined;
}

const maxRequested = 16;

/**
 * The addresses asked for: `runtimeConfig.ips`, `args.cni.ips`, CNI_ARGS `IP` or `IPAddress`, `args.corral.requestedIp`;
 * the first place that names any wins, and each of its addresses must be given. Throws CNI code 7.
 */
export function requestedAddresses(config: JsonObject, args: Args): Requested[] {
  const fromArgs = (name: string): string[] => (args[name] ? args[name].split(',') : []);
  const told = corralArgsOf(config).requestedIp;
  const places: [string, readonly string[]][] = [
    ['runtimeConfig.ips', ipsOf(config.runtimeConfig, 'runtimeConfig.ips')],
    ['args.cni.ips', ipsOf(isObject(config.args) ? config.args.cni : undefined, 'args.cni.ips')],
    ['CNI_ARGS IP', fromArgs('IP')],
    ['CNI_ARGS IPAddress', fromArgs('IPAddress')],
    ['args.corral.requestedIp', told ? [told] : []],
  ];
  const [place, texts] = places.find(([, list]) => list.length > 0) ?? ['', []];
  if (texts.length > maxRequested) throw badConfig(`${place} asks for ${texts.length} addresses`);
  return texts.map((text) => {
    const plain = parseIp(text);
    if (plain !== undefined) return { address: plain, prefix: undefined };
    const parsed = parseInterface(text);
    if (!parsed) throw badConfig(`${place} asks for ${quote(text)}`, 'expected an address');
    return parsed;
  });
}

/** The MAC asked for: `runtimeConfig.mac`, `args.cni.mac`, CNI_ARGS `MAC` or `MACAddress`, `args.corral.requestedMac`. */
export function requestedMac(config: JsonObject, args: Args): Mac | undefined {
  const cni = isObject(config.args) && isObject(config.args.cni) ? config.args.cni.mac : undefined;
  const places: [string, unknown][] = [
    ['runtimeConfig.mac', isObject(config.runtimeConfig) ? config.runtimeConfig.mac : undefined],
    ['args.cni.mac', cni],
    ['CNI_ARGS MAC', args.MAC],
    ['CNI_ARGS MACAddress', args.MACAddress],
    ['args.corral.requestedMac', corralArgsOf(config).requestedMac],
  ];
  const [place, text] = places.find(([, value]) => value !== undefined && value !== '') ?? ['', undefined];
  if (text === undefined) return undefined;
  const mac = typeof text === 'string' ? parseMac(text) : undefined;
  if (mac === undefined || !isUsableMac(mac))
    throw badConfig(`${place} asks for ${quote(String(text))}`, 'expected a unicast MAC');
  return mac;
}

function ipsOf(value: unknown, place: string): readonly string[] {
  if (!isObject(value) || value.ips === undefined || value.ips === null) return [];
  const ips = textsOf(value.ips);
  if (!ips) throw badConfig(`${place} is not a list of texts`);
  return ips;
}
