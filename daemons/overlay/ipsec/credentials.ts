// Keeps charon's own keys: those in use and announced are loaded, former ones are unloaded. Secrets go to charon's socket and
// nowhere else.
import { createHash } from 'node:crypto';
import type { KeyPair } from '../keys/key-pair.ts';
import type { Vici } from './vici.ts';

/** What this host signs with. */
export type OwnSecret =
  | { readonly by: 'keys'; readonly pairs: readonly KeyPair[] }
  | { readonly by: 'secret'; readonly secret: Uint8Array };

/** Of the one shared secret, so that the next takes its place. */
export const secretId = 'corral';

/** Tells one secret from another without giving it away. */
export function markOfSecret(secret: Uint8Array): string {
  return createHash('sha256').update('corral ipsec ').update(secret).digest('hex').slice(0, 16);
}

/** By public key, charon's name for the private one. */
export type LoadedKeys = Map<string, string>;

/**
 * @param alone nobody else has keys in this charon
 * @param loaded what this process has told this charon; changed in place
 * @returns how many were loaded or unloaded. @throws SuiteError VICI_REFUSED and others of the client
 */
export async function keepCredentials(vici: Vici, own: OwnSecret, loaded: LoadedKeys, alone: boolean): Promise<number> {
  if (own.by === 'secret') {
    const mark = markOfSecret(own.secret);
    if (loaded.get(secretId) === mark) return 0;
    await vici.call('load-shared', { id: secretId, type: 'IKE', data: own.secret });
    loaded.set(secretId, mark);
    return 1;
  }
  let writes = 0;
  for (const pair of own.pairs) {
    if (loaded.has(pair.publicKey)) continue;
    const { id } = await vici.call('load-key', { type: 'any', data: pair.privatePkcs8() });
    loaded.set(pair.publicKey, String(id));
    writes += 1;
  }
  const wanted = new Set(own.pairs.map(({ publicKey }) => loaded.get(publicKey)));
  const { keys } = await vici.call('get-keys');
  for (const id of Array.isArray(keys) ? keys : []) {
    const isOurs = alone || [...loaded.values()].includes(id);
    if (wanted.has(id) || !isOurs) continue;
    await vici.call('unload-key', { id });
    writes += 1;
  }
  for (const [publicKey, id] of loaded) if (!wanted.has(id)) loaded.delete(publicKey);
  return writes;
}
