// Gives back claimed addresses that no container of this host has any more: whoever claimed them died before it could.
import type { Logger } from '../../shared/daemon/log.ts';
import { type Cancel, type Clock, systemClock } from '../../shared/effects/clock.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import type { AddressClaim, Store } from './store.ts';

export interface SweepOptions {
  readonly store: Pick<Store, 'addresses' | 'releaseAddress'>;
  readonly snapshot: () => Snapshot;
  readonly log: Logger;
  readonly clock?: Clock;
}

const everyMs = 60_000;
/** An ADD may be under way, and so may its record. */
const unusedMs = 10 * 60_000;

/** Looks once a minute; only a complete snapshot counts. */
export function sweepAddresses({ store, snapshot, log, clock = systemClock }: SweepOptions): Cancel {
  const unused = new Map<string, number>();
  return clock.every(everyMs, () => {
    const now = snapshot();
    if (!now.complete) return;
    sweep(now, unused, store).then(
      (released) => {
        for (const { network, ip, owner } of released)
          log.info({ event: 'address.released', network, ip, owner }, 'claimed, and used by no container for long');
      },
      () => undefined, // without the store nothing is given back: the next look tries again
    );
  });
}

async function sweep(
  snapshot: Snapshot,
  unused: Map<string, number>,
  store: SweepOptions['store'],
): Promise<AddressClaim[]> {
  const used = new Set<string>();
  for (const { hostId, network, ips } of snapshot.all('container')) {
    if (hostId === snapshot.hostId) for (const ip of ips) used.add(`${network}/${ip}`);
  }
  const free: AddressClaim[] = [];
  const seen = new Set<string>();
  for (const { name } of snapshot.all('network')) {
    for (const claim of await store.addresses(name)) {
      const key = `${name}/${claim.ip}`;
      if (used.has(key)) continue;
      seen.add(key);
      const ms = (unused.get(key) ?? -everyMs) + everyMs;
      unused.set(key, ms);
      if (ms >= unusedMs) free.push(claim);
    }
  }
  for (const key of unused.keys()) if (!seen.has(key)) unused.delete(key);
  for (const { network, ip, owner } of free) await store.releaseAddress(network, ip, owner);
  return free;
}
