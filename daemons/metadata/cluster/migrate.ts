// Moves a host of its own into an etcd without a cluster: same cluster id, blocks, addresses, declarations and records, so that
// nothing on the wire changes. The host becomes a member with its next start.
import { randomUUID } from 'node:crypto';
import type { Config } from '../../shared/daemon/config.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { clusterKey, parseKey } from './keys.ts';
import { type LocalParts, localKeys } from './local-keys.ts';
import { openConfigured } from './open-configured.ts';
import { type ClusterValue, parseCluster } from './values.ts';
import { writeAbsent } from './write-absent.ts';

export interface Migrated {
  readonly clusterId: string;
  readonly networks: number;
  readonly blocks: number;
  readonly addresses: number;
  readonly declared: number;
  readonly records: number;
}

/** May be repeated after a failure. Throws CLUSTER_MISMATCH if that etcd holds another cluster. */
export async function migrate(to: Config['store'], parts: LocalParts): Promise<Migrated> {
  const { sqlite } = parts;
  const { clusterId } = sqlite.identity;
  const link = await openConfigured(to.endpoints[0]!, to);
  try {
    const made: ClusterValue = { id: clusterId, incarnation: randomUUID() };
    const put = { put: clusterKey, value: JSON.stringify(made) };
    const { found } = await link.transact([{ key: clusterKey, created: 0 }], [put], [clusterKey]);
    const cluster = found[0] ? parseCluster(found[0].value) : made;
    if (cluster.id !== clusterId) {
      throw new SuiteError('CLUSTER_MISMATCH', `move into ${to.endpoints[0]}: it holds the cluster ${cluster.id}`, {
        hint: 'to join that one, stop the containers here and set store.kind: etcd; there is nothing to move',
      });
    }
    const keys = await localKeys(parts);
    await writeAbsent([...keys], (...what) => link.transact(...what));
    sqlite.journal.setFact('joined', clusterId);
    sqlite.journal.setFact('incarnation', cluster.incarnation);
    return { clusterId, ...countsOf(keys.keys()) };
  } finally {
    link.close();
  }
}

function countsOf(keys: Iterable<string>): Omit<Migrated, 'clusterId'> {
  const counts = { networks: 0, blocks: 0, addresses: 0, declared: 0, records: 0 };
  for (const key of keys) {
    const at = parseKey(key)?.at;
    if (at === 'network') counts.networks += 1;
    else if (at === 'block') counts.blocks += 1;
    else if (at === 'address') counts.addresses += 1;
    else if (at === 'declared') counts.declared += 1;
    else counts.records += 1;
  }
  return counts;
}
