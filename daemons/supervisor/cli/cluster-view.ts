// What `corral status` tells of the cluster beside the daemons: the store and the peers, asked at their daemons. A daemon that
// does not answer is no fault here: the table of daemons tells of it.
import { callJson } from '../../shared/source/call.ts';
import { socketOf } from './paths.ts';
import type { StoreStatus } from './render-cluster.ts';
import type { Peer } from './render-peers.ts';

export interface ClusterView {
  /** Null: metadata did not answer. */
  readonly store: StoreStatus | null;
  /** Null: overlay did not answer. */
  readonly peers: readonly Peer[] | null;
}

export async function viewCluster(waitMs: number): Promise<ClusterView> {
  const [store, peers] = await Promise.all([
    ask<StoreStatus>('metadata', '/v1/store', waitMs),
    ask<readonly Peer[]>('overlay', '/v1/peers', waitMs),
  ]);
  return { store, peers };
}

async function ask<T>(daemon: 'metadata' | 'overlay', path: string, timeoutMs: number): Promise<T | null> {
  try {
    return await callJson<T>(socketOf(daemon), path, { timeoutMs });
  } catch {
    return null;
  }
}
