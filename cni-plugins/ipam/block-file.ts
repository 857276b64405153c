// Pure: the host's share of a network, written by network-manager and read by the plugins: `<blocks>/<network>.json`.
import {
  type Cidr,
  contains as holds,
  type Ip,
  parseCidr,
  parseIp,
  renderCidr,
  renderIp,
} from '../../daemons/shared/model/ip.ts';
import {
  type Cidr4,
  contains,
  type Ipv4,
  parseCidr4,
  parseIpv4,
  renderCidr4,
  renderIpv4,
} from '../../daemons/shared/model/ipv4.ts';
import { isNetworkName } from '../../daemons/shared/model/networks.ts';
import { countOf, isObject, type JsonObject, textOf, textsOf } from '../shared/json.ts';
import { isIfname } from '../shared/names.ts';

export interface BlockFile {
  readonly network: string;
  /** The whole network, over all hosts. */
  readonly subnet: Cidr4;
  /** This host's parts of it; at least one, the first holds the gateway. */
  readonly cidrs: readonly Cidr4[];
  readonly gateway: Ipv4;
  readonly bridge: string;
  /** Bytes, of the bridge and the containers' links. */
  readonly mtu: number;
  /** IPv6 beside it, if the network has it: the parts of this host and its gateway, and the whole network. */
  readonly cidrs6?: readonly Cidr[];
  readonly gateway6?: Ip;
  readonly subnet6?: Cidr;
  /** All hosts give from the whole subnet, one address at a time, claimed through metadata. */
  readonly flat?: true;
  /** Addresses of declared containers, by the container's name: it gets that address, and nobody else does. */
  readonly reserved?: ReadonlyMap<Ip, string>;
}

const maxReserved = 4_096;

export function renderBlockFile(block: BlockFile): string {
  const { network, bridge, mtu } = block;
  const subnet = renderCidr4(block.subnet);
  const cidrs = block.cidrs.map(renderCidr4);
  const six = {
    ...(block.cidrs6 && { cidrs6: block.cidrs6.map(renderCidr) }),
    ...(block.gateway6 !== undefined && { gateway6: renderIp(block.gateway6) }),
    ...(block.subnet6 && { subnet6: renderCidr(block.subnet6) }),
  };
  const kept = [...(block.reserved ?? [])].map(([ip, name]) => [renderIp(ip), name] as const);
  const more = {
    ...(block.flat && { blocks: 'none' }),
    ...(kept.length > 0 && { reserved: Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1))) }),
  };
  const gateway = renderIpv4(block.gateway);
  return `${JSON.stringify({ version: 1, network, subnet, cidrs, gateway, bridge, mtu, ...six, ...more })}\n`;
}

/** Reads a block file; undefined if it is damaged or contradicts itself. */
export function parseBlockFile(text: string): BlockFile | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value) || value.version !== 1) return undefined;
  const { network, bridge } = value;
  const subnet = typeof value.subnet === 'string' ? parseCidr4(value.subnet) : undefined;
  const gateway = typeof value.gateway === 'string' ? parseIpv4(value.gateway) : undefined;
  const mtu = countOf(value.mtu, 65535);
  const cidrs = textsOf(value.cidrs)?.map(parseCidr4);
  if (typeof network !== 'string' || !isNetworkName(network) || !isIfname(bridge)) return undefined;
  if (!subnet || gateway === undefined || mtu === undefined || mtu < 68 || !cidrs) return undefined;
  const valid = cidrs.filter(
    (cidr) => cidr !== undefined && contains(subnet, cidr.base) && cidr.prefix >= subnet.prefix,
  );
  const first = valid[0];
  if (valid.length !== cidrs.length || !first || !contains(first, gateway)) return undefined;
  const six = parseSix(value);
  const reserved = parseReserved(value.reserved);
  if (!reserved || !(value.blocks === undefined || value.blocks === 'none')) return undefined;
  const more = { ...(value.blocks === 'none' && { flat: true as const }), ...(reserved.size > 0 && { reserved }) };
  return six && { network, subnet, cidrs: valid as Cidr4[], gateway, bridge, mtu, ...six, ...more };
}

/** undefined if it is no map of addresses to names. */
function parseReserved(value: unknown): Map<Ip, string> | undefined {
  if (value === undefined) return new Map();
  if (!isObject(value)) return undefined;
  const entries = Object.entries(value).slice(0, maxReserved);
  const parsed = entries.map(([ip, name]) => [parseIp(ip), textOf(name, 255)] as const);
  if (parsed.some(([ip, name]) => ip === undefined || name === undefined)) return undefined;
  return new Map(parsed as [Ip, string][]);
}

type Six = Pick<BlockFile, 'cidrs6' | 'gateway6' | 'subnet6'>;

/** The members of IPv6, which go together; undefined if they contradict each other. */
function parseSix(value: JsonObject): Six | undefined {
  const texts = textsOf(value.cidrs6 ?? []);
  if (texts?.length === 0 && value.gateway6 === undefined && value.subnet6 === undefined) return {};
  const cidrs6 = texts?.map(parseCidr6);
  const gateway6 = parseIp(textOf(value.gateway6) ?? '');
  const subnet6 = value.subnet6 === undefined ? undefined : parseCidr6(textOf(value.subnet6) ?? '');
  if (value.subnet6 !== undefined && !subnet6) return undefined;
  const valid = cidrs6?.filter((cidr) => cidr !== undefined) ?? [];
  const first = valid[0];
  if (!first || valid.length !== cidrs6?.length || gateway6 === undefined || !holds(first, gateway6)) return undefined;
  if (subnet6 && !valid.every((cidr) => holds(subnet6, cidr.base) && cidr.prefix >= subnet6.prefix)) return undefined;
  return { cidrs6: valid, gateway6, ...(subnet6 && { subnet6 }) };
}

function parseCidr6(text: string): Cidr | undefined {
  const cidr = parseCidr(text);
  return typeof cidr?.base === 'bigint' ? cidr : undefined;
}
