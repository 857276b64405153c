// Claims of addresses that any host may give: all of a flat network (`blocks: none`), and those outside the host's own blocks.
// Metadata, which alone talks to the store, claims each by compare-and-set. The one thing in IPAM that asks another process.
import { SuiteError } from '../../daemons/shared/model/errors.ts';
import type { Ip } from '../../daemons/shared/model/ip.ts';
import { parseIp, renderIp } from '../../daemons/shared/model/ip.ts';
import { daemonSocket, type Paths } from '../../daemons/shared/model/paths.ts';

export interface ClaimWish {
  readonly network: string;
  /** Whoever asks twice gets the same address. */
  readonly owner: string;
  /** undefined: any that is free. */
  readonly ip: Ip | undefined;
  /** What is not to be given. */
  readonly exclude: readonly Ip[];
}

export interface AddressClaims {
  /** @throws SuiteError ADDRESS_TAKEN (naming the owner), ADDRESSES_EXHAUSTED, NOT_RUNNING, STORE_UNAVAILABLE, DEADLINE. */
  claim(wish: ClaimWish): Promise<Ip>;
  /** Absence is success. */
  release(claim: { readonly network: string; readonly owner: string; readonly ip: string }): Promise<void>;
}

const claimMs = 5_000;
/** DEL does not wait for a store that is away: metadata sweeps claims that no container has. */
const releaseMs = 1_000;

export function claimsThroughMetadata(paths: Paths): AddressClaims {
  const ask = async <T>(method: 'POST' | 'DELETE', timeoutMs: number, body: object): Promise<T> => {
    // Loaded when a claim is needed: its HTTP client is dearer than a standalone ADD can afford.
    const { callJson } = await import('../../daemons/shared/source/call.ts');
    return await callJson<T>(daemonSocket(paths, 'metadata'), '/v1/addresses', { method, timeoutMs, body });
  };
  return {
    async claim({ network, owner, ip, exclude }) {
      const wish = { network, owner, ip: ip === undefined ? null : renderIp(ip), exclude: exclude.map(renderIp) };
      const given = await ask<{ ip?: unknown }>('POST', claimMs, wish);
      const address = typeof given?.ip === 'string' ? parseIp(given.ip) : undefined;
      if (address === undefined)
        throw new SuiteError('PROTOCOL', `claim an address in ${network}: metadata named none`);
      return address;
    },
    async release(claim) {
      await ask('DELETE', releaseMs, claim);
    },
  };
}
