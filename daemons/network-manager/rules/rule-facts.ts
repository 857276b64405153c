// Pure: gathers what decides the rules, from the snapshot and from the addresses of the host's devices.
import { type Ipv4, networkOf, parseCidr4, renderCidr4 } from '../../shared/model/ipv4.ts';
import { type DeviceAddress, isLocalBridge } from '../../shared/model/local-callers.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { wantNetworks } from '../networks/want-networks.ts';
import type { PortClaim } from '../ports/port-claims.ts';
import type { ForeignBridge, RuleFacts, RuleNetwork } from './want-rules.ts';

/**
 * @param refused names of networks whose range the host uses for something else: theirs would be rules about foreign traffic
 */
export function ruleFacts(
  snapshot: Snapshot,
  addresses: readonly DeviceAddress[],
  service: { readonly address: Ipv4; readonly metadataPort: number },
  refused: ReadonlySet<string>,
  ports: readonly PortClaim[],
  excludes = false,
): RuleFacts {
  const own = new Map(wantNetworks(snapshot).map((network) => [network.name, network.bridge]));
  const networks: RuleNetwork[] = [];
  const always = new Set(ports.map((claim) => claim.network));
  for (const network of snapshot.all('network')) {
    const publishes = network.hostPorts || always.has(network.name);
    const subnet = refused.has(network.name) ? undefined : parseCidr4(network.subnet);
    if (subnet) networks.push({ subnet, bridge: own.get(network.name), publishes });
  }
  networks.sort((a, b) => a.subnet.base - b.subnet.base || a.subnet.prefix - b.subnet.prefix);
  const ownBridges = new Set(own.values());
  return { networks, foreignBridges: foreignBridgesOf(addresses, ownBridges), service, ports, excludes };
}

/** Bridges of other engines, and of networks of ours that are gone but still have containers; without repetition. */
function foreignBridgesOf(addresses: readonly DeviceAddress[], own: ReadonlySet<string>): ForeignBridge[] {
  const found = new Map<string, ForeignBridge>();
  for (const { device, address, prefix } of addresses) {
    if (!isLocalBridge(device) || own.has(device) || prefix >= 32) continue;
    const subnet = { base: networkOf(address, prefix), prefix };
    found.set(`${device} ${renderCidr4(subnet)}`, { device, subnet });
  }
  return [...found.keys()].sort().map((key) => found.get(key)!);
}
