// Pure: what this host itself puts into the snapshot: environment, own host, networks and its blocks.
import type { Config } from '../shared/daemon/config-schema.ts';
import { vtepMac } from '../shared/model/mac.ts';
import type { HostObject, SnapshotObject } from '../shared/model/objects.ts';
import { blockObject, type NetworkPlan, networkObject } from './derive-networks.ts';
import type { Machine } from './observe-host.ts';
import type { Identity } from './store/store.ts';

/** A network in use and this host's block of it. */
export interface UsedNetwork {
  readonly plan: NetworkPlan;
  /** CIDR; null while none could be claimed. */
  readonly block: string | null;
}

/** `hosts` is the own host and all that are declared. */
export function ownObjects(
  { clusterId, hostId }: Identity,
  hosts: readonly HostObject[],
  networks: readonly UsedNetwork[],
): SnapshotObject[] {
  return [
    { kind: 'environment', id: clusterId, name: 'default' },
    ...hosts,
    ...networks.map(({ plan }) => networkObject(clusterId, plan)),
    ...networks.flatMap(({ plan, block }) => (block === null ? [] : [blockObject(plan, block, hostId)])),
  ];
}

export function ownHost(hostId: string, config: Config['host'], machine: Machine): HostObject {
  return {
    kind: 'host',
    id: hostId,
    name: config.name ?? machine.hostname,
    hostname: machine.hostname,
    agentIp: config.agentIp ?? machine.address,
    labels: config.labels,
    memory: machine.memory,
    milliCpu: machine.milliCpu,
    localStorageMb: machine.localStorageMb,
    vtepMac: vtepMac(hostId),
  };
}
