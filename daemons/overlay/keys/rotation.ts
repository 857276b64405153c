// Pure: whether this host may use the keys that it has announced: all peers that live are ready for them, or waited for long
// enough.
import type { TunnelObject } from '../../shared/model/objects.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import type { OwnKeys } from './own-keys.ts';

export interface Readiness {
  /** Names of the living hosts that have said that they are ready. */
  readonly ready: readonly string[];
  /** Those that have not. */
  readonly late: readonly string[];
}

export function readinessOf(
  snapshot: Snapshot,
  trusted: ReadonlyMap<string, TunnelObject>,
  { serial }: OwnKeys,
): Readiness {
  const { hostId } = snapshot;
  const [ready, late]: [string[], string[]] = [[], []];
  for (const tunnel of trusted.values()) {
    const host = snapshot.get('host', tunnel.hostId);
    if (!host || host.alive === false) continue;
    ((tunnel.ready?.[hostId] ?? 0) >= serial ? ready : late).push(host.name);
  }
  return { ready, late };
}

/**
 * True if the announced keys are to be used now. When the grace is over they are, unless nobody at all is ready: then the
 * announcement has reached nobody (the store is away), and to use them would cut this host off.
 */
export function maySwitch({ ready, late }: Readiness, isComplete: boolean, isGraceOver: boolean): boolean {
  if (late.length === 0) return isComplete || isGraceOver;
  return isGraceOver && ready.length > 0;
}

/** The announcements that this host is ready for: serial by host. */
export function readyFor(trusted: ReadonlyMap<string, TunnelObject>, most: number): Record<string, number> {
  const ready: Record<string, number> = {};
  let count = 0;
  for (const { hostId, serial, wireguard, ipsec } of trusted.values()) {
    if (count >= most || !(wireguard?.keys[1] || ipsec?.keys[1])) continue;
    ready[hostId] = serial;
    count += 1;
  }
  return ready;
}
