// What the keepers count, the same for each: the registry refuses to name a metric twice.
import type { Counter, Metrics } from '../shared/daemon/metrics.ts';

export interface KeeperMetrics {
  /** Looked at the host and compared. */
  pass(): void;
  /** Changed this many things, because something else was wanted. */
  wrote(count: number): void;
  /** Changed this many things although nothing else was wanted: somebody had damaged them. */
  healed(count: number): void;
  failed(): void;
}

export function keeperMetrics(
  metrics: Metrics,
): (keeper: 'networks' | 'rules' | 'flows' | 'cni-conf') => KeeperMetrics {
  const counter = (name: `corral_${string}`, help: string): Counter => metrics.counter(name, help, ['keeper']);
  const passes = counter('corral_keeper_passes_total', 'Comparisons of the wanted with the actual state');
  const writes = counter('corral_keeper_writes_total', 'Changes made to the host, healing included');
  const heals = counter('corral_keeper_healed_total', 'Changes made because somebody else had changed what is ours');
  const failures = counter('corral_keeper_failures_total', 'Passes that did not reach the wanted state');
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
