// Pure: the keys of one driver, as it gets them with its wish.
import type { TunnelObject } from '../../shared/model/objects.ts';
import type { KeyPair, KeyUse } from './key-pair.ts';
import type { OwnKeys } from './own-keys.ts';

export interface PeerKeys {
  /** Base64; the one in use, then the announced one. */
  readonly keys: readonly string[];
  /** UDP port of the default network (WireGuard). */
  readonly port: number | undefined;
}

export interface DriverKeys {
  /** The pair in use, then the announced one; empty: there are none that can be used, and nothing may be sent. */
  readonly own: readonly KeyPair[];
  /** By host id; a host without an entry is cut off. */
  readonly peers: ReadonlyMap<string, PeerKeys>;
}

/** Who is trusted, and with which keys, at one moment. */
export interface Keyring {
  readonly own: OwnKeys | undefined;
  readonly trusted: ReadonlyMap<string, TunnelObject>;
}

export const noKeys: Keyring = { own: undefined, trusted: new Map() };

export function keysOf(use: KeyUse, { own, trusted }: Keyring): DriverKeys {
  const peers = new Map<string, PeerKeys>();
  for (const [hostId, tunnel] of trusted) {
    const told = tunnel[use];
    if (told) peers.set(hostId, { keys: told.keys, port: tunnel.wireguard?.port });
  }
  return { own: own?.pairs[use] ?? [], peers };
}
