// A key pair of this host. The private half leaves the object only towards the kernel, charon and the key file: whoever prints
// or serializes a pair sees the public half alone.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { SuiteError } from '../../shared/model/errors.ts';

export const keyUses = ['wireguard', 'ipsec'] as const;
export type KeyUse = (typeof keyUses)[number];

/** X25519 is what WireGuard speaks; of what IKEv2 can sign with, Ed25519 is the one without parameters to choose. */
const algorithms = { wireguard: 'x25519', ipsec: 'ed25519', identity: 'ed25519' } as const;
type Role = keyof typeof algorithms;

/** Both curves' keys are the last 32 bytes of their DER forms (RFC 8410). */
const rawBytes = 32;

export class KeyPair {
  readonly role: Role;
  /** As it is published: base64 of the raw key, for IPsec of the SubjectPublicKeyInfo. */
  readonly publicKey: string;
  readonly #key: KeyObject;

  private constructor(role: Role, key: KeyObject) {
    this.role = role;
    this.#key = key;
    const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
    this.publicKey = (role === 'ipsec' ? spki : spki.subarray(-rawBytes)).toString('base64');
  }

  static make(role: Role): KeyPair {
    const { privateKey } = role === 'wireguard' ? generateKeyPairSync('x25519') : generateKeyPairSync('ed25519');
    return new KeyPair(role, privateKey);
  }

  /** @throws KEY_UNUSABLE, without a word about what the bytes were. */
  static read(role: Role, pkcs8: string): KeyPair {
    try {
      const key = createPrivateKey({ key: Buffer.from(pkcs8, 'base64'), type: 'pkcs8', format: 'der' });
      if (key.asymmetricKeyType === algorithms[role]) return new KeyPair(role, key);
    } catch {
      // The cause may quote the key.
    }
    throw new SuiteError('KEY_UNUSABLE', `read the private key for ${role}: it is none of type ${algorithms[role]}`);
  }

  /** PKCS #8, DER. Secret. */
  privatePkcs8(): Buffer {
    return this.#key.export({ type: 'pkcs8', format: 'der' });
  }

  /** The 32 bytes themselves. Secret. */
  privateRaw(): Buffer {
    return this.privatePkcs8().subarray(-rawBytes);
  }

  /** Ed25519, 64 bytes. */
  sign(text: string): Buffer {
    return sign(null, Buffer.from(text), this.#key);
  }
}
