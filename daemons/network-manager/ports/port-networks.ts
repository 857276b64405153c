// Pure: the networks of this host, as far as ports are concerned: whether the way from a host port to a container is there.
import type { Cidr, Family, Ip } from '../../shared/model/ip.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { wantNetworks } from '../networks/want-networks.ts';
import type { HostAddresses } from '../rules/observe.ts';

export interface PortNetwork {
  readonly name: string;
  readonly hostPorts: boolean;
  /** By family; absent: the network has no addresses of it. */
  readonly ways: { readonly [F in Family]?: PortWay };
}

export interface PortWay {
  readonly subnet: Cidr;
  /** Its bridge is up and has the gateway's address. */
  readonly isOpen: boolean;
}

export function wayTo(network: PortNetwork, family: Family): PortWay | undefined {
  return network.ways[family];
}

/** @param refused names of networks whose range the host uses for something else */
export function portNetworks(
  snapshot: Snapshot,
  { addresses, up }: HostAddresses,
  refused: ReadonlySet<string>,
): Map<string, PortNetwork> {
  const own = new Map(wantNetworks(snapshot).map((network) => [network.name, network]));
  const found = new Map<string, PortNetwork>();
  for (const { name, hostPorts } of snapshot.all('network')) {
    const network = own.get(name);
    if (!network || refused.has(name)) continue;
    const { bridge, six } = network;
    const wayOf = ({ subnet, gateway }: { subnet: Cidr; gateway: Ip }): PortWay => {
      const hasGateway = addresses.some(({ device, address }) => device === bridge && address === gateway);
      return { subnet, isOpen: up.has(bridge) && hasGateway };
    };
    found.set(name, { name, hostPorts, ways: { 4: wayOf(network), ...(six && { 6: wayOf(six) }) } });
  }
  return found;
}

/** A table that was made with the one serves for the other. */
export function sameNetworks(a: ReadonlyMap<string, PortNetwork>, b: ReadonlyMap<string, PortNetwork>): boolean {
  return a.size === b.size && [...a].every(([name, one]) => textOf(one) === textOf(b.get(name)));
}

function textOf(network: PortNetwork | undefined): string {
  return JSON.stringify(network, (_, value) => (typeof value === 'bigint' ? String(value) : value));
}
