// Who may ask: local callers always, and whom the configuration lets in from elsewhere. The addresses of the latter can be
// forged, so the answers that they draw over UDP are counted.
import { randomInt } from 'node:crypto';
import type { Ip } from '../shared/model/ip.ts';
import { type Cidr4, contains, parseCidr4 } from '../shared/model/ipv4.ts';
import { RateLimiter, type Verdict } from './hot/rate-limit.ts';
import type { Callers } from './serve-udp.ts';

export class AllowedCallers implements Callers {
  readonly #local: Callers;
  readonly #limiter = new RateLimiter(randomInt(1, 0x7fffffff));
  #allowFrom: readonly Cidr4[] = [];

  constructor(local: Callers, allowFrom: readonly string[]) {
    this.#local = local;
    this.useRanges(allowFrom);
  }

  get ranges(): readonly Cidr4[] {
    return this.#allowFrom;
  }

  /** Ranges as texts that the configuration has checked. */
  useRanges(allowFrom: readonly string[]): void {
    this.#allowFrom = allowFrom.map(parseCidr4).filter((range) => range !== undefined);
  }

  allows(source: Ip): boolean {
    return this.#local.allows(source) || this.#isGuest(source);
  }

  async allowsAfterLook(source: Ip): Promise<boolean> {
    return this.#isGuest(source) || (await this.#local.allowsAfterLook(source));
  }

  /** Counts one answer over UDP to the source. */
  limit(source: Ip): Verdict {
    if (typeof source !== 'number' || this.#local.allows(source) || !this.#isGuest(source)) return 'pass';
    return this.#limiter.take(source, performance.now());
  }

  #isGuest(source: Ip): boolean {
    return typeof source === 'number' && this.#allowFrom.some((range) => contains(range, source));
  }
}
