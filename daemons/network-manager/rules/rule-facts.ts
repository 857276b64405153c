// Pure: gathers what decides the rules of one family, from the snapshot and from the addresses of the host's devices.
import {
  bitsOf,
  type Cidr,
  contains,
  type Family,
  familyOf,
  type Ip,
  networkOf,
  parseCidr,
  renderCidr,
} from '../../shared/model/ip.ts';
import { isLocalBridge } from '../../shared/model/local-callers.ts';
import type { NetworkObject } from '../../shared/model/objects.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { bridgesOfPlugins, isForeign } from '../cni-conf/plugin-lists.ts';
import { wantNetworks } from '../networks/want-networks.ts';
import type { PortRules } from '../ports/port-ranges.ts';
import type { DeviceIp } from './observe.ts';
import type { ForeignBridge, RuleFacts, RuleNetwork } from './want-rules.ts';

export interface FactSources {
  readonly snapshot: Snapshot;
  readonly addresses: readonly DeviceIp[];
  /** Its family is the rules'. */
  readonly service: { readonly address: Ip; readonly metadataPort: number };
  /** Names of networks whose range the host uses for something else: theirs would be rules about foreign traffic. */
  readonly refused: ReadonlySet<string>;
  readonly ports: PortRules;
  readonly excludes?: boolean;
}

export function ruleFacts({ snapshot, addresses, service, refused, ports, excludes = false }: FactSources): RuleFacts {
  const family = familyOf(service.address);
  const own = new Map(wantNetworks(snapshot).map((network) => [network.name, network.bridge]));
  const networks: RuleNetwork[] = [];
  for (const network of snapshot.all('network')) {
    const { name } = network;
    const subnet = refused.has(name) ? undefined : subnetOf(network, family);
    const publishes = network.hostPorts || ports.networks.has(name);
    if (!subnet) continue;
    const pluginBridge = isForeign(network) ? pluginBridgeOf(network, subnet, addresses) : undefined;
    networks.push({ name, subnet, bridge: own.get(name), pluginBridge, publishes });
  }
  networks.sort((a, b) => compare(a.subnet.base, b.subnet.base) || a.subnet.prefix - b.subnet.prefix);
  const foreignBridges = foreignBridgesOf(addresses, family, new Set(own.values()));
  return { family, networks, foreignBridges, service, ports, excludes };
}

function subnetOf(network: NetworkObject, family: Family): Cidr | undefined {
  const subnet = parseCidr((family === 4 ? network.subnet : network.subnet6) ?? '');
  return subnet && familyOf(subnet.base) === family ? subnet : undefined;
}

function compare(a: Ip, b: Ip): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A bridge with an address of the network: one that only has the name may be somebody else's. */
function pluginBridgeOf(network: NetworkObject, subnet: Cidr, addresses: readonly DeviceIp[]): string | undefined {
  const names = bridgesOfPlugins(network);
  return addresses.find(({ device, address }) => names.has(device) && contains(subnet, address))?.device;
}

/** Bridges of other engines, and of networks of ours that are gone but still have containers; without repetition. */
function foreignBridgesOf(addresses: readonly DeviceIp[], family: Family, own: ReadonlySet<string>): ForeignBridge[] {
  const found = new Map<string, ForeignBridge>();
  for (const { device, address, prefix } of addresses) {
    if (familyOf(address) !== family || !isLocalBridge(device) || own.has(device) || prefix >= bitsOf(family)) continue;
    const subnet = { base: networkOf(address, prefix), prefix };
    found.set(`${device} ${renderCidr(subnet)}`, { device, subnet });
  }
  return [...found.keys()].sort().map((key) => found.get(key)!);
}
