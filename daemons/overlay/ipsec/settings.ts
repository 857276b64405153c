// Pure: what an IPsec connection is made with. Only algorithms that encrypt and authenticate in one (RFC 5116) are offered, so
// that no negotiation can end with less.
import type { Config } from '../../shared/daemon/config-schema.ts';

/** What a connection is made with; times in seconds. */
export interface IpsecSettings {
  /** ESP inside UDP 4500 also where no NAT is found on the way. */
  readonly encap: boolean;
  readonly ikeRekey: number;
  readonly childRekey: number;
  /** A silent peer is asked after this time. */
  readonly dpd: number;
  /** Packets that may overtake each other. */
  readonly replayWindow: number;
}

/** From corral.yaml, `overlay.ipsec…`. */
export interface IpsecConfig extends IpsecSettings {
  readonly mayUseUserSpace: boolean;
  /** File with one secret for all hosts, in place of key pairs; undefined: key pairs. */
  readonly secretFile: string | undefined;
  /** VICI socket of a charon that somebody else runs; undefined: one of our own. */
  readonly charon: string | undefined;
}

/** How packets are encrypted on this host. */
export type EspMode =
  /** By the kernel, through an XFRM interface a network: what is not encrypted has no way out. */
  | 'interface'
  /** By the kernel, by policies of charon. */
  | 'policies'
  /** By charon, through its TUN device. */
  | 'user-space';

const aead = 'aes256gcm16-aes128gcm16-chacha20poly1305';
const groups = 'x25519-ecp256';

export const ikeProposals: readonly string[] = [`${aead}-prfsha384-prfsha256-${groups}`];
/** The first for rekeying with a fresh exchange; the second is what IKE_AUTH, which has none, can take. */
export const espProposals: readonly string[] = [`${aead}-${groups}`, aead];

/** Beyond the rekeying's own time an SA lives on this long, for a rekeying that has to be repeated. */
export function overTime(rekey: number): number {
  return Math.max(30, Math.round(rekey / 10));
}

/** Both ends would rekey in the same instant. */
export function randomTime(rekey: number): number {
  return Math.max(1, Math.round(rekey / 10));
}

/**
 * Packets after which an SA is rekeyed whatever its age: a number of 32 bits counts them, and at its end the kernel sends no
 * more (RFC 4303, 3.3.3). Small packets of a fast link get there within the hour.
 */
export const rekeyPackets = 2 ** 31;

export function ipsecConfig(config: Config['overlay']): IpsecConfig {
  const optional = (path: string): string | undefined => (path === 'none' ? undefined : path);
  return {
    mayUseUserSpace: config.ipsecUserSpace === 'allow',
    secretFile: optional(config.ipsecSecretFile),
    charon: optional(config.ipsecCharon),
    encap: config.ipsecEncap === 'always',
    ikeRekey: config.ipsecIkeRekey,
    childRekey: config.ipsecChildRekey,
    dpd: config.ipsecDpd,
    replayWindow: config.ipsecReplayWindow,
  };
}
