// Pure: which duplicates were seen lately. One stays known for a minute after it was last heard, so that a rival who is silent
// for a while is no new one when he speaks again.
import type { Duplicate } from './claims.ts';

const forgetMs = 60_000;
/** After an announcement (RFC 5227, DEFEND_INTERVAL). */
const defendMs = 10_000;
const most = 1_024;

interface Sighting {
  readonly duplicate: Duplicate;
  last: number;
  defended: number;
}

export class Sightings {
  readonly #known = new Map<string, Sighting>();

  /** @param now monotonic, milliseconds */
  note(duplicate: Duplicate, now: number): void {
    const key = `${duplicate.claim.bridge} ${duplicate.claim.ip} ${duplicate.rival}`;
    const known = this.#known.get(key);
    if (known) known.last = now;
    else if (this.#known.size < most) {
      this.#known.set(key, { duplicate, last: now, defended: Number.NEGATIVE_INFINITY });
    }
  }

  /** Those that still hold: heard within a minute, and still a duplicate by what `judge` says now. */
  current(now: number, judge: (duplicate: Duplicate) => Duplicate | undefined): Duplicate[] {
    for (const [key, { duplicate, last }] of this.#known) {
      if (now - last > forgetMs || judge(duplicate) === undefined) this.#known.delete(key);
    }
    return [...this.#known.values()].flatMap(({ duplicate }) => judge(duplicate) ?? []);
  }

  /** Heard since the owner was last announced, and that was ten seconds ago: it is time to announce him again. */
  toDefend(now: number): Duplicate[] {
    const due = [...this.#known.values()].filter(({ last, defended }) => last > defended && now - defended >= defendMs);
    for (const sighting of due) sighting.defended = now;
    return due.map(({ duplicate }) => duplicate);
  }
}
