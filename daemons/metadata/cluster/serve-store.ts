// GET /v1/store and POST /v1/store/init: where the store stands, also while this host waits for a cluster.
import type { Config } from '../../shared/daemon/config.ts';
import type { Route } from '../../shared/daemon/http.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { within } from '../../shared/reconcile/within.ts';
import type { SqliteStore } from '../store/sqlite.ts';
import type { Cluster } from './cluster.ts';

export interface StoreContext {
  readonly config: Config['store'];
  readonly sqlite: SqliteStore;
  readonly cluster: Cluster | undefined;
}

export function storeRoutes({ config, sqlite, cluster }: StoreContext): Route[] {
  return [
    {
      method: 'GET',
      path: /^\/v1\/store$/,
      handle: (http) => {
        const { clusterId, hostId } = sqlite.identity;
        const state = cluster?.link.state ?? 'sqlite';
        http.body = {
          kind: config.kind,
          state,
          connected: state === 'sqlite' || state === 'joined',
          clusterId: cluster && sqlite.journal.fact('joined') === undefined ? null : clusterId,
          hostId,
          endpoints: config.endpoints,
          waiting: cluster?.waiting ?? 0,
        };
      },
    },
    {
      method: 'POST',
      path: /^\/v1\/store\/init$/,
      handle: async (http) => {
        if (!cluster) throw new SuiteError('CONFIG_DECIDES', 'make a cluster: store.kind is sqlite');
        if (!cluster.link.makeCluster()) {
          throw new SuiteError(
            'CLUSTER_MISMATCH',
            `make a cluster: this host does not wait for one (${cluster.link.state})`,
            {
              hint: 'only a host that found a store without a cluster makes one',
            },
          );
        }
        await within(10_000, 'make a cluster', cluster.joined);
        http.body = { clusterId: sqlite.identity.clusterId };
      },
    },
  ];
}
