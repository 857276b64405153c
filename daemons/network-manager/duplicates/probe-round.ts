// Pure: which addresses of a bridge are asked for in one second. A question goes to every port, so what it costs grows with the
// square of their number: a round takes eight seconds while that is at most two hundred deliveries a second, then longer. A
// thousand of them cost 0.8 % of a core beside two hundred idle containers.
// Where somebody asks for an address himself we ask too, whatever its turn, so that what is in use is found at once.
import type { Ipv4 } from '../../shared/model/ipv4.ts';

const roundSeconds = 8;
const deliveriesPerSecond = 200;
/** Devices that are not ours are where strangers come from. */
const besideStrangers = { roundSeconds: 4, mostPerSecond: 128 };
/** An address that everybody asks for is asked for by us so often. */
const againMs = 5_000;

export function probesPerSecond(addresses: number, hasStrangers: boolean): number {
  if (addresses === 0) return 0;
  if (hasStrangers) return Math.min(Math.ceil(addresses / besideStrangers.roundSeconds), besideStrangers.mostPerSecond);
  const affordable = Math.floor(deliveriesPerSecond / addresses);
  return Math.max(1, Math.min(Math.ceil(addresses / roundSeconds), affordable));
}

export class ProbeRound {
  #next = 0;
  readonly #asked = new Map<Ipv4, number>();

  /** @param wanted addresses that others asked for since the last call; @param now monotonic, milliseconds */
  take(addresses: readonly Ipv4[], wanted: ReadonlySet<Ipv4>, hasStrangers: boolean, now: number): Ipv4[] {
    for (const [ip, at] of this.#asked) if (now - at >= againMs) this.#asked.delete(ip);
    const due = Array.from({ length: probesPerSecond(addresses.length, hasStrangers) }, (_, step) => {
      return addresses[(this.#next + step) % addresses.length]!;
    });
    this.#next = (this.#next + due.length) % Math.max(addresses.length, 1);
    const known = new Set(addresses);
    const urgent = [...wanted].filter((ip) => known.has(ip) && !this.#asked.has(ip));
    const all = new Set([...due, ...urgent.slice(0, besideStrangers.mostPerSecond)]);
    for (const ip of all) this.#asked.set(ip, now);
    return [...all];
  }
}
