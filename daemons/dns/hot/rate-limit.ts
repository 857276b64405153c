// Pure: how many answers a source may draw over UDP, where its address may be forged: against being used to flood others. A
// fixed number of buckets, shared by what falls into the same one, so that forged addresses cost no memory and empty nobody's
// bucket but their own.

export interface RateLimits {
  readonly perSecond: number;
  readonly burst: number;
  readonly buckets: number;
  /** Of this many answers beyond the limit one goes out, empty and truncated: an honest client comes back over TCP. */
  readonly slip: number;
}

export const usualRate: RateLimits = { perSecond: 1_000, burst: 2_000, buckets: 4_096, slip: 2 };

export type Verdict = 'pass' | 'slip' | 'drop';

export class RateLimiter {
  readonly #limits: RateLimits;
  readonly #seed: number;
  readonly #tokens: Float64Array;
  readonly #filledAt: Float64Array;
  #beyond = 0;

  /** `seed` must be unknown to strangers: it decides who shares a bucket. */
  constructor(seed: number, limits: RateLimits = usualRate) {
    this.#limits = limits;
    this.#seed = seed;
    this.#tokens = new Float64Array(limits.buckets).fill(limits.burst);
    this.#filledAt = new Float64Array(limits.buckets);
  }

  /** Counts one answer to the source; `now` is monotonic, in milliseconds. */
  take(source: number, now: number): Verdict {
    const { perSecond, burst, buckets, slip } = this.#limits;
    const mixed = Math.imul(source ^ this.#seed, 0x9e3779b1);
    const bucket = ((mixed ^ (mixed >>> 15)) >>> 0) % buckets;
    const grown = this.#tokens[bucket]! + ((now - this.#filledAt[bucket]!) * perSecond) / 1000;
    const tokens = Math.min(burst, grown);
    this.#filledAt[bucket] = now;
    this.#tokens[bucket] = tokens >= 1 ? tokens - 1 : tokens;
    if (tokens >= 1) return 'pass';
    this.#beyond += 1;
    return this.#beyond % slip === 0 ? 'slip' : 'drop';
  }
}
