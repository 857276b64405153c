// Short ways to a snapshot for tests of network-manager's keepers.
import { bridgeName } from '../../../daemons/shared/model/networks.ts';
import type {
  BlockObject,
  ContainerObject,
  Driver,
  NetworkObject,
  SnapshotObject,
} from '../../../daemons/shared/model/objects.ts';
import { Snapshot } from '../../../daemons/shared/model/snapshot.ts';
import { uuidOfName } from '../../../daemons/shared/model/uuid.ts';
import { bareContainer } from '../../fixtures/bare-objects.ts';

export const hostId = '00000000-0000-4000-8000-000000000001';
export const otherHostId = '00000000-0000-4000-8000-000000000002';

interface NetworkWish {
  readonly isDefault?: boolean;
  readonly driver?: Driver;
  readonly mtu?: number | null;
  readonly bridge?: string;
  readonly hostPorts?: boolean;
  readonly subnet6?: string;
  readonly blocks?: 'none';
}

export function network(name: string, subnet: string, wish: NetworkWish = {}): NetworkObject {
  const {
    isDefault = false,
    driver = 'vxlan',
    mtu = null,
    bridge = bridgeName(name, isDefault),
    hostPorts = true,
    subnet6,
    blocks,
  } = wish;
  const id = uuidOfName(hostId, `network/${name}`);
  const six = subnet6 === undefined ? {} : { subnet6, block6: 64 };
  const flat = blocks === undefined ? {} : { blocks };
  return { kind: 'network', id, name, subnet, block: 24, driver, isDefault, mtu, hostPorts, bridge, ...six, ...flat };
}

export function block(
  name: string,
  cidr: string,
  owner: string = hostId,
  rest: Pick<BlockObject, 'cidr6' | 'extra'> = {},
): BlockObject {
  return { kind: 'block', id: `${name}/${cidr}`, network: name, cidr, hostId: owner, ...rest };
}

/** A container of this host on network `corral` that publishes `ports` (`0.0.0.0:8080:80/tcp`). */
export function container(
  name: string,
  ip: string,
  ports: readonly string[],
  rest: Partial<ContainerObject> = {},
): ContainerObject {
  return { ...bareContainer, id: uuidOfName(hostId, `container/${name}`), name, hostId, ips: [ip], ports, ...rest };
}

export function snapshotOf(objects: readonly SnapshotObject[], complete = true): Snapshot {
  return Snapshot.empty(hostId).apply({ put: objects, drop: [] }, { revision: 1, complete });
}
