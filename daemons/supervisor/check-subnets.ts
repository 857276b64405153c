// Pure: do the networks of the configuration collide with what the host already routes.
import type { NetworkConfig } from '../shared/daemon/config.ts';
import { SuiteError } from '../shared/model/errors.ts';
import { parseCidr4, renderCidr4 } from '../shared/model/ipv4.ts';
import { findOverlap, type HostRoute, proposeSubnet } from '../shared/model/overlaps.ts';

/**
 * Our own bridges and tunnels are no obstacle: they are there since the last start.
 * @throws SuiteError SUBNET_OVERLAP with a free range as its remedy.
 */
export function checkSubnets(
  networks: readonly Pick<NetworkConfig, 'name' | 'subnet'>[],
  routes: readonly HostRoute[],
  devices: readonly string[],
): void {
  const own = new Set(devices.filter((device) => /^(corral|vtep)/.test(device)));
  for (const { name, subnet } of networks) {
    const range = parseCidr4(subnet)!;
    const obstacle = findOverlap(range, routes, own);
    if (!obstacle) continue;
    const via = obstacle.device === null ? '' : ` (device ${obstacle.device})`;
    const others = networks.map((network) => parseCidr4(network.subnet)!);
    const free = proposeSubnet([...others, ...routes.map(({ dst }) => dst)], range.prefix);
    throw new SuiteError(
      'SUBNET_OVERLAP',
      `use ${subnet} for the network ${name}: the host routes ${renderCidr4(obstacle.dst)}${via}`,
      { hint: remedy(free && renderCidr4(free)) },
    );
  }
}

function remedy(free: string | undefined): string {
  if (free === undefined) return 'give the network another subnet in corral.yaml';
  return `${free} is free: set it as the network's subnet in corral.yaml`;
}
