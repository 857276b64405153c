// Pure: what this host has of keys, and the steps of a rotation. Each step is one write of one file, so a process that is
// killed between two of them goes on where it was.
import type { TunnelObject } from '../../shared/model/objects.ts';
import { signedText } from './genuine.ts';
import type { KeyPair, KeyUse } from './key-pair.ts';

export interface OwnKeys {
  readonly identity: KeyPair;
  /** Counts up with each change. */
  readonly serial: number;
  /** The pair in use, then the announced one. */
  readonly pairs: Readonly<Partial<Record<KeyUse, readonly KeyPair[]>>>;
}

/** Adds first pairs for uses that have none; the same object if there are all. */
export function withUses(own: OwnKeys, uses: readonly KeyUse[], make: (use: KeyUse) => KeyPair): OwnKeys {
  const missing = uses.filter((use) => !own.pairs[use]);
  if (missing.length === 0) return own;
  const made = Object.fromEntries(missing.map((use) => [use, [make(use)]]));
  return { ...own, serial: own.serial + 1, pairs: { ...own.pairs, ...made } };
}

/** Announces a next pair of each use that has one in use; the same object while one is announced already. */
export function announce(own: OwnKeys, make: (use: KeyUse) => KeyPair): OwnKeys {
  if (isRotating(own)) return own;
  return changed(own, (use, [current]) => (current ? [current, make(use)] : []));
}

/** The announced pairs are the ones in use from now on; the former ones are forgotten. */
export function switchOver(own: OwnKeys): OwnKeys {
  return isRotating(own) ? changed(own, (_, pairs) => pairs.slice(-1)) : own;
}

export function isRotating({ pairs }: OwnKeys): boolean {
  return Object.values(pairs).some((list) => list.length > 1);
}

/** What the others are told. */
export function recordOf(
  own: OwnKeys,
  hostId: string,
  port: number,
  ready: Readonly<Record<string, number>>,
): TunnelObject {
  const keysOf = (use: KeyUse): string[] => (own.pairs[use] ?? []).map(({ publicKey }) => publicKey);
  const unsigned = {
    kind: 'tunnel' as const,
    id: hostId,
    hostId,
    identity: own.identity.publicKey,
    serial: own.serial,
    ...(own.pairs.wireguard && { wireguard: { keys: keysOf('wireguard'), port } }),
    ...(own.pairs.ipsec && { ipsec: { keys: keysOf('ipsec') } }),
    ...(Object.keys(ready).length > 0 && { ready }),
  };
  return { ...unsigned, signature: own.identity.sign(signedText(unsigned)).toString('base64') };
}

function changed(own: OwnKeys, next: (use: KeyUse, pairs: readonly KeyPair[]) => readonly KeyPair[]): OwnKeys {
  const pairs = Object.entries(own.pairs).map(([use, list]) => [use, next(use as KeyUse, list)] as const);
  return { ...own, serial: own.serial + 1, pairs: Object.fromEntries(pairs) };
}
