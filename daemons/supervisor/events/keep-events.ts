// Collects events: changes of metadata's snapshot, and of the daemons as the supervisor sees them.
import type { DaemonStatus } from '../describe-status.ts';
import type { World } from '../world.ts';
import { describeChange } from './describe-change.ts';
import { describeDaemonChange } from './describe-daemon.ts';
import { EventRing } from './event-ring.ts';

export interface EventsKeeper {
  readonly ring: EventRing;
  /** What a daemon's state or conditions were, and are. */
  changed(before: DaemonStatus, now: DaemonStatus): void;
}

/** The first snapshot is no event: what it holds was there before anybody looked. */
export function keepEvents(world: World): EventsKeeper {
  const ring = new EventRing(() => Date.now());
  world.onChange((before, now, change) => {
    if (!before || before.hostId !== now.hostId) return;
    for (const happening of describeChange(before, now, change)) ring.add(happening);
  });
  return {
    ring,
    changed: (before, now) => {
      for (const happening of describeDaemonChange(before, now)) ring.add(happening);
    },
  };
}
