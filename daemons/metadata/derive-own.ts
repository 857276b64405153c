// Pure: what this host itself puts into the snapshot: environment, own host, networks and its blocks.
import type { Config } from '../shared/daemon/config-schema.ts';
import { vtepMac } from '../shared/model/mac.ts';
import type { HostObject, SnapshotObject } from '../shared/model/objects.ts';
import { blockObject, type NetworkPlan, networkObject } from './derive-networks.ts';
import type { Machine } from './observe-host.ts';
import type { Identity } from './store/store.ts';

/** A network in use and this host's blocks of it. */
export interface UsedNetwork {
  readonly plan: NetworkPlan;
  /** CIDRs, that with the gateway first; none while none could be claimed, or if the network is flat. */
  readonly blocks: readonly string[];
}

/** A block of another host of the cluster. */
export interface OthersBlock {
  readonly network: string;
  readonly cidr: string;
  readonly hostId: string;
  /** Its host's numbering. */
  readonly order: number;
}

/** `hosts` is the own host, all that are declared and the others of the cluster. */
export function ownObjects(
  { clusterId, hostId }: Identity,
  hosts: readonly HostObject[],
  networks: readonly UsedNetwork[],
  others: readonly OthersBlock[] = [],
): SnapshotObject[] {
  return [
    { kind: 'environment', id: clusterId, name: 'default' },
    ...hosts,
    ...networks.map(({ plan }) => networkObject(clusterId, plan)),
    ...othersBlocks(networks, others),
    ...networks.flatMap(({ plan, blocks }) => blocks.map((cidr, at) => blockObject(plan, cidr, hostId, at > 0))),
  ];
}

/** Blocks of networks in use; the lowest of a host is its first. */
function othersBlocks(networks: readonly UsedNetwork[], others: readonly OthersBlock[]): SnapshotObject[] {
  const plans = new Map(networks.map(({ plan }) => [plan.name, plan]));
  const first = new Map<string, OthersBlock>();
  for (const block of others) {
    const name = `${block.hostId} ${block.network}`;
    const known = first.get(name);
    if (!known || isBefore(block, known)) first.set(name, block);
  }
  return others.flatMap((block) => {
    const plan = plans.get(block.network);
    const isFirst = first.get(`${block.hostId} ${block.network}`) === block;
    return plan ? [blockObject(plan, block.cidr, block.hostId, !isFirst)] : [];
  });
}

function isBefore(a: OthersBlock, b: OthersBlock): boolean {
  return a.order === b.order ? a.cidr < b.cidr : a.order < b.order;
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
