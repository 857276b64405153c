// Pure: the address and the MAC that a caller asks for, from the places where runtimes put them.
import { type Ipv4, parseInterface4, parseIpv4 } from '../../daemons/shared/model/ipv4.ts';
import { isUsableMac, type Mac, parseMac } from '../../daemons/shared/model/mac.ts';
import { corralArgsOf } from '../shared/corral-args.ts';
import { quote } from '../shared/environment.ts';
import { isObject, type JsonObject, textsOf } from '../shared/json.ts';
import { badConfig } from '../shared/parse-config.ts';

type Args = Readonly<Record<string, string>>;

/**
 * The IPv4 address asked for: `runtimeConfig.ips`, `args.cni.ips`, CNI_ARGS `IP` or `IPAddress`, `args.corral.requestedIp`;
 * the first place that names one wins. A prefix is accepted and left out: the block decides it. Throws CNI code 7.
 */
export function requestedAddress(config: JsonObject, args: Args): Ipv4 | undefined {
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
  if (texts.length > 1) throw badConfig(`${place} asks for ${texts.length} addresses`, 'one IPv4 address is possible');
  const text = texts[0];
  if (text === undefined) return undefined;
  const address = parseIpv4(text) ?? parseInterface4(text)?.address;
  if (address === undefined) throw badConfig(`${place} asks for ${quote(text)}`, 'expected an IPv4 address');
  return address;
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
