// Pure: what the peers of one device lack. A peer's address may be another one than the wanted: behind an address translation
// the kernel has learned it, and it is not put back while the peer is heard from.
import type { Endpoint, WireguardDevice, WireguardPeer } from '../../shared/effects/netlink/wireguard.ts';
import type { IpRange } from '../../shared/effects/netlink.ts';
import { renderRange } from '../addresses.ts';
import type { TunnelStep, WantTunnel } from './tunnel-state.ts';

/** A session that is older is of no use any more (REJECT_AFTER_TIME of the WireGuard paper). */
export const sessionMs = 180_000;

export interface PeersPlan {
  readonly adds: readonly TunnelStep[];
  readonly drops: readonly TunnelStep[];
}

/**
 * @param have undefined for a device that is made now
 * @param sent the endpoints that this process gave to keys
 */
export function planPeers(
  want: WantTunnel,
  have: WireguardDevice | undefined,
  { sent, complete, now }: { sent: ReadonlyMap<string, Endpoint>; complete: boolean; now: number },
): PeersPlan {
  const present = new Map(have?.peers.map((peer) => [peer.publicKey, peer]));
  const wanted = new Set<string>();
  const adds: TunnelStep[] = [];
  for (const { keys, endpoint, allowed } of want.peers) {
    for (const [at, publicKey] of keys.entries()) {
      wanted.add(publicKey);
      const ranges = at === 0 ? allowed : [];
      const peer = present.get(publicKey);
      const changes = {
        ...(peer && !isStale(peer, endpoint, sent.get(publicKey), now) ? {} : { endpoint }),
        ...((peer?.keepalive ?? 0) === want.keepalive ? {} : { keepalive: want.keepalive }),
        ...differenceOf(peer?.allowed ?? [], ranges, complete),
      };
      if (!peer || Object.keys(changes).length > 0) adds.push({ do: 'peer', device: want.name, publicKey, ...changes });
    }
  }
  const drops = [...present.keys()].filter((key) => complete && !wanted.has(key));
  return { adds, drops: drops.map((publicKey) => ({ do: 'drop-peer', device: want.name, publicKey })) };
}

/** True if the peer's endpoint is to be written: another one is wanted than was, or it has one that leads to nobody. */
function isStale(peer: WireguardPeer, want: Endpoint, sent: Endpoint | undefined, now: number): boolean {
  if (isSame(peer.endpoint, want)) return false;
  if (sent && !isSame(sent, want)) return true;
  return peer.lastHandshake === undefined || now - peer.lastHandshake > sessionMs;
}

function isSame(a: Endpoint | undefined, b: Endpoint): boolean {
  return a?.address === b.address && a.port === b.port;
}

/** What is missing is added; what is too much makes all of it anew, since the kernel cannot take away one. */
function differenceOf(
  have: readonly IpRange[],
  want: readonly IpRange[],
  complete: boolean,
): { allowed?: readonly IpRange[]; replace?: true } {
  const present = new Set(have.map(renderRange));
  const missing = want.filter((range) => !present.has(renderRange(range)));
  const isTooMuch = have.length > want.length - missing.length;
  if (isTooMuch && complete) return { allowed: want, replace: true };
  return missing.length > 0 ? { allowed: missing } : {};
}
