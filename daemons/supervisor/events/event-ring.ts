// The last events, in memory: bounded, each with a cursor from which a reader goes on.
import type { Happening, SuiteEvent } from './event.ts';

/** A thousand containers that start at once push out what was before; nobody reads further back than this. */
const mostEvents = 1_000;

export interface Page {
  /** Give it as `since` to get what follows. */
  readonly cursor: string;
  /** True: between `since` and the first of these, events were lost (too many, or the supervisor is another one). */
  readonly missed: boolean;
  /** Oldest first. */
  readonly events: readonly SuiteEvent[];
}

export class EventRing {
  readonly #epoch: string;
  readonly #now: () => number;
  readonly #most: number;
  readonly #listeners = new Set<(event: SuiteEvent) => void>();
  #events: SuiteEvent[] = [];
  #last = 0;

  /** @param now wall time, ms since the epoch; also the name of this ring's life */
  constructor(now: () => number, most = mostEvents) {
    this.#now = now;
    this.#most = most;
    this.#epoch = Math.floor(now()).toString(36);
  }

  get cursor(): string {
    return `${this.#epoch}-${this.#last}`;
  }

  add(happening: Happening): void {
    this.#last += 1;
    const event = { id: this.cursor, time: new Date(this.#now()).toISOString(), ...happening };
    this.#events.push(event);
    // In slabs: a shift of the array with each event would move all of it.
    if (this.#events.length >= this.#most * 2) this.#events = this.#events.slice(-this.#most);
    for (const listener of this.#listeners) listener(event);
  }

  /** What came after the cursor `since` (without one, from the oldest on): the newest `limit` of it. */
  after(since: string | undefined, limit: number): Page {
    const kept = Math.min(this.#events.length, this.#most);
    const seen = since === undefined ? this.#last - kept : (this.#numberOf(since) ?? -1);
    const behind = this.#last - Math.max(seen, 0);
    const count = Math.min(behind, kept, limit);
    return {
      cursor: this.cursor,
      missed: since !== undefined && (seen < 0 || behind > count),
      events: count === 0 ? [] : this.#events.slice(-count),
    };
  }

  /** Returns what ends it. */
  onEvent(listener: (event: SuiteEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Undefined: of another supervisor, or no cursor of this one. */
  #numberOf(cursor: string): number | undefined {
    const match = /^([0-9a-z]{1,16})-(\d{1,15})$/.exec(cursor);
    const number = match?.[1] === this.#epoch ? Number(match[2]) : undefined;
    return number !== undefined && number <= this.#last ? number : undefined;
  }
}
