// Pure: the host's share of a network, written by network-manager and read by the plugins: `<blocks>/<network>.json`.
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
import { countOf, isObject, textsOf } from '../shared/json.ts';
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
}

export function renderBlockFile(block: BlockFile): string {
  const { network, bridge, mtu } = block;
  const subnet = renderCidr4(block.subnet);
  const cidrs = block.cidrs.map(renderCidr4);
  return `${JSON.stringify({ version: 1, network, subnet, cidrs, gateway: renderIpv4(block.gateway), bridge, mtu })}\n`;
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
  return { network, subnet, cidrs: valid as Cidr4[], gateway, bridge, mtu };
}
