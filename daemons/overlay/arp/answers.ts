// Pure: which requests are answered, and how often. Only for addresses of the network that are behind a peer.
import { type Cidr4, contains, type Ipv4 } from '../../shared/model/ipv4.ts';
import type { Mac } from '../../shared/model/mac.ts';
import type { ArpRequest } from './arp-frame.ts';

export interface ArpGround {
  readonly subnet: Cidr4;
  /** Addresses behind peers. */
  readonly remote: ReadonlySet<Ipv4>;
}

/** Whoever only asks whether an address is taken, asks for his own, or lives elsewhere gets no answer. */
export function isAnswered({ senderIp, target }: ArpRequest, { subnet, remote }: ArpGround): boolean {
  return senderIp !== 0 && senderIp !== target && contains(subnet, senderIp) && remote.has(target);
}

export const perSecond = 50;
export const perSecondOfAll = 1_000;
/** Askers that are counted; a flood of invented ones shares what is left of the second. */
const mostAskers = 1_024;

/** Answers of the current second, by asker and in all. */
export class ArpLimits {
  #second = Number.NEGATIVE_INFINITY;
  #all = 0;
  readonly #byAsker = new Map<Mac, number>();

  /** @param now in milliseconds of a monotonic clock */
  mayAnswer(asker: Mac, now: number): boolean {
    const second = Math.floor(now / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#all = 0;
      this.#byAsker.clear();
    }
    const count = this.#byAsker.get(asker) ?? 0;
    const isNewInCrowd = count === 0 && this.#byAsker.size >= mostAskers;
    if (this.#all >= perSecondOfAll || count >= perSecond || isNewInCrowd) return false;
    this.#all += 1;
    this.#byAsker.set(asker, count + 1);
    return true;
  }
}
