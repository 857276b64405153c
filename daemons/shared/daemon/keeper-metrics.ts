// What the keepers count, the same for each: the registry refuses to name a metric twice.
import type { Metrics } from './metrics.ts';

export interface KeeperMetrics {
  /** Looked at the host and compared. */
  pass(): void;
  /** Changed this many things, because something else was wanted. */
  wrote(count: number): void;
  /** Changed this many things although nothing else was wanted: somebody had damaged them. */
  healed(count: number): void;
  failed(): void;
}

/** Once a daemon: for each of its keepers. */
export function keeperMetrics<Keeper extends string>(metrics: Metrics): (keeper: Keeper) => KeeperMetrics {
  const labels = ['keeper'];
  const passes = metrics.counter(
    'corral_keeper_passes_total',
    'Comparisons of the wanted with the actual state',
    labels,
  );
  const writes = metrics.counter('corral_keeper_writes_total', 'Changes made to the host, healing included', labels);
  const damage = 'Changes made because somebody else had changed what is ours';
  const heals = metrics.counter('corral_keeper_healed_total', damage, labels);
  const failed = 'Passes that did not reach the wanted state';
  const failures = metrics.counter('corral_keeper_failures_total', failed, labels);
  return (keeper) => {
    for (const one of [passes, writes, heals, failures]) one.inc({ keeper }, 0);
    return {
      pass: () => passes.inc({ keeper }),
      wrote: (count) => writes.inc({ keeper }, count),
      healed: (count) => {
        writes.inc({ keeper }, count);
        heals.inc({ keeper }, count);
      },
      failed: () => failures.inc({ keeper }),
    };
  };
}
