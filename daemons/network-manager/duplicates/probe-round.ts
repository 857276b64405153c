// Pure: which addresses of a bridge are asked for in one second. A broadcast question goes to every port, so what it costs grows
// with the square of their number: a thousand deliveries a second cost 0.8 % of a core beside two hundred idle containers.
//
// Containers that take an address are heard of when they do it (effects/address-notices.ts) and asked at once, so a round is
// for what nobody told of: all addresses in eight seconds while that is at most twenty deliveries a second, then longer.
// Without notices, after lost ones, and once after the start it is two hundred. Where somebody asks for an address himself we
// ask too, whatever its turn, so that what is in use is found at once.
import type { Ipv4 } from '../../shared/model/ipv4.ts';

const roundSeconds = 8;
const deliveriesPerSecond = { quiet: 20, hurried: 200 };
/** A device that is not ours is asked alone. */
const besideStrangers = { roundSeconds: 4, mostPerSecond: 128 };
/** An address that everybody asks for is asked for by us so often. */
const againMs = 5_000;
const mostUrgent = 128;

/** Questions to all ports; a fraction where less than one a second will do. */
export function commonPace(addresses: number, isHurried: boolean): number {
  if (addresses === 0) return 0;
  const affordable = deliveriesPerSecond[isHurried ? 'hurried' : 'quiet'] / addresses;
  return Math.min(addresses / roundSeconds, affordable);
}

/** Questions to one port. */
export function strangerPace(addresses: number): number {
  return Math.min(addresses / besideStrangers.roundSeconds, besideStrangers.mostPerSecond);
}

/** Goes round a list of addresses at a pace. */
export class ProbeRound {
  #next = 0;
  #owed = 0;

  /** Those whose turn it is in this second. */
  take(addresses: readonly Ipv4[], perSecond: number): Ipv4[] {
    this.#owed = Math.min(this.#owed + perSecond, addresses.length);
    const count = Math.floor(this.#owed + 1e-9);
    this.#owed -= count;
    const due = Array.from({ length: count }, (_, step) => addresses[(this.#next + step) % addresses.length]!);
    this.#next = (this.#next + count) % Math.max(addresses.length, 1);
    return due;
  }
}

/** What is asked of all ports: a round, and what there is a reason to ask for now. */
export class CommonRound {
  readonly #round = new ProbeRound();
  readonly #asked = new Map<Ipv4, number>();
  /** Addresses that are still to be asked for in a hurry; undefined: all that there are. */
  #hurried: number | undefined;

  /** Changes may have gone unheard: goes round once more quickly. */
  hurry(): void {
    this.#hurried = undefined;
  }

  /**
   * @param wanted addresses that others asked for since the last call
   * @param taken addresses that somebody took since then
   * @param now monotonic, milliseconds
   */
  take(
    addresses: readonly Ipv4[],
    { wanted, taken }: { wanted: ReadonlySet<Ipv4>; taken: ReadonlySet<Ipv4> },
    now: number,
  ): Ipv4[] {
    for (const [ip, at] of this.#asked) if (now - at >= againMs) this.#asked.delete(ip);
    const left = this.#hurried ?? addresses.length;
    const due = this.#round.take(addresses, commonPace(addresses.length, left > 0));
    this.#hurried = Math.max(0, left - due.length);
    const again = [...wanted].filter((ip) => !this.#asked.has(ip));
    const known = again.length + taken.size > 0 ? new Set(addresses) : undefined;
    const urgent = [...taken, ...again].filter((ip) => known?.has(ip)).slice(0, mostUrgent);
    const all = new Set([...due, ...urgent]);
    for (const ip of all) this.#asked.set(ip, now);
    return [...all];
  }
}
