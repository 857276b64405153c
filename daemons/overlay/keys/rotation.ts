// Pure: whether this host may use the keys that it has announced: all peers that live are ready for them, or waited for long
// enough.
import type { TunnelObject } from '../../shared/model/objects.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import type { OwnKeys } from './own-keys.ts';

/** Names of the living hosts that have not said yet that they are ready. */
export function waitsFor(
  snapshot: Snapshot,
  trusted: ReadonlyMap<string, TunnelObject>,
  { serial }: OwnKeys,
): readonly string[] {
  const { hostId } = snapshot;
  return [...trusted.values()].flatMap((tunnel) => {
    const host = snapshot.get('host', tunnel.hostId);
    if (!host || host.alive === false) return [];
    return (tunnel.ready?.[hostId] ?? 0) >= serial ? [] : [host.name];
  });
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
