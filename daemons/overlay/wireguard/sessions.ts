// Pure: what WireGuard devices tell of the way to each peer.
import type { WireguardDevice } from '../../shared/effects/netlink/wireguard.ts';
import type { Session } from '../driver.ts';
import { sessionMs } from './plan-peers.ts';
import type { WantTunnel } from './tunnel-state.ts';

/** @param now wall time, ms */
export function sessionsOf(
  wants: readonly WantTunnel[],
  devices: ReadonlyMap<string, WireguardDevice>,
  now: number,
): Session[] {
  return wants.flatMap(({ name, network, peers }) => {
    const known = new Map(devices.get(name)?.peers.map((peer) => [peer.publicKey, peer]));
    return peers.map(({ hostId, keys }): Session => {
      const have = keys.flatMap((key) => known.get(key) ?? []);
      const last = Math.max(...have.map(({ lastHandshake }) => lastHandshake ?? Number.NEGATIVE_INFINITY));
      const lastRekeyMs = Number.isFinite(last) ? Math.max(0, Math.round(now - last)) : null;
      const isFresh = lastRekeyMs !== null && lastRekeyMs < sessionMs;
      return {
        network,
        hostId,
        state: isFresh ? 'established' : have.length > 0 ? 'connecting' : 'none',
        lastRekeyMs,
        ageMs: null, // the kernel does not tell when a peer was first heard of
        rxBytes: have.reduce((sum, peer) => sum + peer.rxBytes, 0),
        txBytes: have.reduce((sum, peer) => sum + peer.txBytes, 0),
      };
    });
  });
}
