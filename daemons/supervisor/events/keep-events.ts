// Collects events: changes of metadata's snapshot, and of the daemons as the supervisor sees them.
import { daemonSocket, type Paths } from '../../shared/model/paths.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { watchSnapshot } from '../../shared/source/watch.ts';
import type { DaemonStatus } from '../describe-status.ts';
import { describeChange, toldKinds } from './describe-change.ts';
import { describeDaemonChange } from './describe-daemon.ts';
import { EventRing } from './event-ring.ts';

export interface EventsKeeper {
  readonly ring: EventRing;
  /** What a daemon's state or conditions were, and are. */
  changed(before: DaemonStatus, now: DaemonStatus): void;
  close(): void;
}

/** The first snapshot is no event: what it holds was there before anybody looked. */
export function keepEvents(paths: Paths): EventsKeeper {
  const ring = new EventRing(() => Date.now());
  let last: Snapshot | undefined;
  const watch = watchSnapshot({
    socketPath: daemonSocket(paths, 'metadata'),
    kinds: toldKinds,
    onSnapshot: (snapshot, change) => {
      const before = last;
      last = snapshot;
      if (!before || before.hostId !== snapshot.hostId) return;
      for (const happening of describeChange(before, snapshot, change)) ring.add(happening);
    },
    onState: () => {}, // that metadata is away, its own life tells
  });
  return {
    ring,
    changed: (before, now) => {
      for (const happening of describeDaemonChange(before, now)) ring.add(happening);
    },
    close: () => watch.close(),
  };
}
