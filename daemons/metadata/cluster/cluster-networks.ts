// Pure: which networks a member of a cluster serves and which it proposes. The store wins; the file proposes what is absent, and
// where the two differ it is said.
import { overlaps, parseCidr4 } from '../../shared/model/ipv4.ts';
import type { NetworkPlan } from '../derive-networks.ts';

export interface ClusterNetworks {
  readonly use: readonly NetworkPlan[];
  readonly propose: readonly NetworkPlan[];
  /** One sentence for each difference. */
  readonly drift: readonly string[];
}

/** `cluster`: the networks of the store, the oldest first; `file`: those of the configuration. */
export function clusterNetworks(cluster: readonly NetworkPlan[], file: readonly NetworkPlan[]): ClusterNetworks {
  const use: NetworkPlan[] = [];
  const drift: string[] = [];
  for (const plan of cluster) {
    const obstacle = obstacleOf(plan, use);
    if (obstacle) drift.push(`${plan.name} of the cluster is not used: ${obstacle.text}`);
    else use.push(withOwnParts(plan, file, use));
  }
  const propose: NetworkPlan[] = [];
  for (const want of file) {
    const have = cluster.find(({ name }) => name === want.name);
    const obstacle = have ? undefined : obstacleOf(want, use);
    if (have) drift.push(...differences(have, want));
    else if (obstacle) drift.push(`${want.name} of the file is not proposed: ${obstacle.text}`);
    else propose.push(shared({ ...want, isDefault: want.isDefault && !use.some(({ isDefault }) => isDefault) }));
  }
  return { use, propose, drift };
}

/** What goes to the other hosts. A CNI configuration names programs that root runs: each host takes its own file's alone. */
export function shared({ cniConfig: _, ...plan }: NetworkPlan): NetworkPlan {
  return plan;
}

export interface Obstacle {
  readonly code: 'SUBNET_OVERLAP' | 'VNI_TAKEN';
  readonly text: string;
}

/** Why the network cannot be used beside the others. */
export function obstacleOf(plan: NetworkPlan, others: readonly NetworkPlan[]): Obstacle | undefined {
  for (const other of others) {
    if (overlaps(parseCidr4(plan.subnet)!, parseCidr4(other.subnet)!))
      return { code: 'SUBNET_OVERLAP', text: `${plan.subnet} overlaps ${other.name} (${other.subnet})` };
    if (plan.vni !== undefined && plan.vni === other.vni)
      return { code: 'VNI_TAKEN', text: `${other.name} has the VNI ${plan.vni} too` };
  }
  return undefined;
}

/** The first default network is the default. */
function withOwnParts(plan: NetworkPlan, file: readonly NetworkPlan[], before: readonly NetworkPlan[]): NetworkPlan {
  const cniConfig = file.find(({ name }) => name === plan.name)?.cniConfig;
  const isDefault = plan.isDefault && !before.some((other) => other.isDefault);
  return { ...shared(plan), isDefault, ...(cniConfig && { cniConfig }) };
}

function differences(have: NetworkPlan, want: NetworkPlan): string[] {
  const fields = [
    'subnet',
    'block',
    'blocks',
    'driver',
    'isDefault',
    'mtu',
    'hostPorts',
    'subnet6',
    'block6',
    'vni',
    'direct',
  ];
  return fields.flatMap((field) => {
    const [had, wanted] = [(have as never)[field] as unknown, (want as never)[field] as unknown];
    return had === wanted ? [] : [`${have.name}: ${field} is ${text(had)} in the cluster, ${text(wanted)} in the file`];
  });
}

function text(value: unknown): string {
  return value === undefined || value === null ? 'not set' : String(value);
}
