// A table of published ports that was told of some containers.
import { claimsOf } from '../../../../daemons/network-manager/ports/port-claims.ts';
import type { PortNetwork } from '../../../../daemons/network-manager/ports/port-networks.ts';
import { PortTable } from '../../../../daemons/network-manager/ports/port-table.ts';
import { parseCidr, parseIp } from '../../../../daemons/shared/model/ip.ts';
import type { ContainerObject } from '../../../../daemons/shared/model/objects.ts';

/** The default network of these tests, with its bridge up. */
export const openNetwork: PortNetwork = {
  name: 'corral',
  hostPorts: true,
  ways: {
    4: { subnet: parseCidr('10.42.0.0/16')!, isOpen: true },
    6: { subnet: parseCidr('fd42::/48')!, isOpen: true },
  },
};

const services = [parseIp('169.254.169.250')!, parseIp('fd00:a9fe:a9fe::250')!];

export function tableOf(containers: readonly ContainerObject[], network: PortNetwork = openNetwork): PortTable {
  const table = new PortTable(new Map([[network.name, network]]), services);
  for (const claim of containers.flatMap((one) => claimsOf(one).claims)) table.add(claim);
  return table;
}
