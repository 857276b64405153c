// Short ways to a snapshot for tests of network-manager's keepers.
import { bridgeName } from '../../../daemons/shared/model/networks.ts';
import type { BlockObject, Driver, NetworkObject, SnapshotObject } from '../../../daemons/shared/model/objects.ts';
import { Snapshot } from '../../../daemons/shared/model/snapshot.ts';
import { uuidOfName } from '../../../daemons/shared/model/uuid.ts';

export const hostId = '00000000-0000-4000-8000-000000000001';
export const otherHostId = '00000000-0000-4000-8000-000000000002';

interface NetworkWish {
  readonly isDefault?: boolean;
  readonly driver?: Driver;
  readonly mtu?: number | null;
  readonly bridge?: string;
}

export function network(name: string, subnet: string, wish: NetworkWish = {}): NetworkObject {
  const { isDefault = false, driver = 'vxlan', mtu = null, bridge = bridgeName(name, isDefault) } = wish;
  const id = uuidOfName(hostId, `network/${name}`);
  return { kind: 'network', id, name, subnet, block: 24, driver, isDefault, mtu, hostPorts: true, bridge };
}

export function block(name: string, cidr: string, owner: string = hostId): BlockObject {
  return { kind: 'block', id: `${name}/${cidr}`, network: name, cidr, hostId: owner };
}

export function snapshotOf(objects: readonly SnapshotObject[], complete = true): Snapshot {
  return Snapshot.empty(hostId).apply({ put: objects, drop: [] }, { revision: 1, complete });
}
