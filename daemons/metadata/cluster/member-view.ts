// What the cluster adds to the own part of the snapshot, and what the own part tells the cluster: networks, hosts, blocks and
// declarations, with every difference between the file and the store said.
import type { Config } from '../../shared/daemon/config.ts';
import type { Health } from '../../shared/daemon/health.ts';
import type { Metrics } from '../../shared/daemon/metrics.ts';
import type { HostObject, TunnelObject } from '../../shared/model/objects.ts';
import type { NetworkPlan } from '../derive-networks.ts';
import type { Cluster } from './cluster.ts';
import { clusterNetworks } from './cluster-networks.ts';
import { hostConflicts } from './conflicts.ts';
import { clusterDeclared } from './declared.ts';
import { renderKey } from './keys.ts';
import type { Block } from './mirror.ts';

export class MemberView {
  readonly #cluster: Cluster;
  readonly #health: Health;
  #networkProposals = new Map<string, string>();
  #drift: readonly string[] = [];

  constructor(cluster: Cluster, health: Health, metrics: Metrics) {
    this.#cluster = cluster;
    this.#health = health;
    const { mirror } = cluster;
    metrics.gauge(
      'corral_metadata_block_conflicts',
      'Own blocks that another host holds',
      () => cluster.contested().length,
    );
    metrics.gauge('corral_metadata_store_joined', 'Whether the store is reached and holds our cluster', () =>
      Number(cluster.link.state === 'joined'),
    );
    metrics.gauge('corral_metadata_cluster_hosts', 'Other hosts that are known', () => mirror.infos.size);
    metrics.gauge(
      'corral_metadata_publish_waiting',
      'Changes of this host that the cluster lacks',
      () => cluster.waiting,
    );
    metrics.count(
      'corral_metadata_values_refused_total',
      'Values of the store that failed the check',
      () => mirror.refused,
    );
  }

  /** The cluster's networks that can be used; what the file has besides is proposed. */
  networks(file: readonly NetworkPlan[]): readonly NetworkPlan[] {
    const { use, propose, drift } = clusterNetworks(this.#cluster.networks(), file);
    this.#networkProposals = new Map(
      propose.map((plan) => [renderKey({ at: 'network', name: plan.name }), JSON.stringify(plan)]),
    );
    this.#drift = drift;
    return use;
  }

  /** This host has another address than before. */
  moved(): void {
    this.#cluster.link.restart();
  }

  blocks(): Block[] {
    return this.#cluster.blocks();
  }

  /** The other hosts' ends of secret tunnels; they go with their host. */
  tunnels(): TunnelObject[] {
    const { mirror } = this.#cluster;
    return [...mirror.tunnels.values()].flatMap(({ value }) => (mirror.hasHost(value.id) ? [value] : []));
  }

  /** This host's record, and what its file names, for the others; reports what they and it cannot both have. */
  setHost(own: HostObject, file: readonly NetworkPlan[]): void {
    const contested = this.#cluster.contested();
    this.#cluster.setHost(
      own,
      file.map(({ name }) => name),
      contested.map(({ network, cidr }) => `${network}/${cidr}`),
    );
    const lost = contested.map(({ network, cidr, holder }) => {
      return `${cidr} of ${network} belongs to ${this.#cluster.nameOf(holder)} (${holder}) by now, not to ${own.name} (${own.id})`;
    });
    this.#say('block-conflict', 'BLOCK_CONFLICT', lost, 'all blocks of this host are its own');
    this.#say(
      'host-conflict',
      'HOST_CONFLICT',
      hostConflicts(own, this.#cluster.hosts()),
      'no other host is like this one',
    );
  }

  /** All that is declared in the cluster, and the other hosts. */
  declared(file: Config['declared'], own: HostObject): { entries: Config['declared']; others: HostObject[] } {
    const others = this.#cluster.hosts();
    const { entries, propose, change, drift } = clusterDeclared({
      held: [...this.#cluster.mirror.declared.values()],
      file,
      own,
    });
    this.#cluster.propose(new Map([...this.#networkProposals, ...propose]), change);
    this.#say('drift', 'CONFIG_DRIFT', [...this.#drift, ...drift], 'the file says what the cluster has');
    return { entries, others };
  }

  #say(
    name: string,
    code: 'BLOCK_CONFLICT' | 'HOST_CONFLICT' | 'CONFIG_DRIFT',
    faults: readonly string[],
    fine: string,
  ): void {
    const shown = faults.slice(0, 10).join('; ');
    this.#health.set(
      name,
      faults.length > 0 ? { ok: false, degradesOnly: true, code, text: shown } : { ok: true, text: fine },
    );
  }
}
