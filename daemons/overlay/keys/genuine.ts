// Pure: whether a host's tunnel record was made by the holder of its identity.
import { createPublicKey, verify } from 'node:crypto';
import type { TunnelObject } from '../../shared/model/objects.ts';

type Unsigned = Omit<TunnelObject, 'signature'>;

/**
 * What the signature covers: the keys, whose they are, and their serial. `ready` is left out: whoever forges it makes a rotation
 * end sooner, and no more.
 */
export function signedText({ hostId, identity, serial, wireguard, ipsec }: Unsigned): string {
  const keys = [wireguard?.keys ?? null, wireguard?.port ?? null, ipsec?.keys ?? null];
  return JSON.stringify(['corral tunnel 1', hostId, identity, serial, ...keys]);
}

/** A record is the same object until it differs, and checking a signature costs a tenth of a millisecond. */
const known = new WeakMap<TunnelObject, boolean>();

export function isGenuine(tunnel: TunnelObject): boolean {
  const before = known.get(tunnel);
  if (before !== undefined) return before;
  const genuine = check(tunnel);
  known.set(tunnel, genuine);
  return genuine;
}

function check(tunnel: TunnelObject): boolean {
  try {
    const x = Buffer.from(tunnel.identity, 'base64').toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return verify(null, Buffer.from(signedText(tunnel)), key, Buffer.from(tunnel.signature, 'base64'));
  } catch {
    return false; // no point of the curve
  }
}
