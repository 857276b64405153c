// Pure: questions that no upstream could answer a moment ago, so that clients which ask again at once do not make the upstreams'
// trouble worse (RFC 9520 section 3.2; RFC 2308 section 7 allows five minutes at most).
import type { Relayable } from './relay-reply.ts';

/** Short, since nothing tells when the upstreams are well again. */
const keptMs = 5_000;
const maxEntries = 1_024;
/** A longer reply (with signatures, say) is not worth its memory: the client is told SERVFAIL. */
const maxBytes = 512;

export interface Failure {
  /** What the first upstream said, undefined if none answered. */
  readonly reply: Relayable | undefined;
  /** Whole seconds since. */
  readonly ageSeconds: number;
}

interface Entry {
  readonly reply: Relayable | undefined;
  readonly since: number;
}

export class FailureCache {
  /** In the order of arrival, so that the oldest is the first to end. */
  readonly #entries = new Map<string, Entry>();

  get size(): number {
    return this.#entries.size;
  }

  /** Keys as of the reply cache; `now` is monotonic, in milliseconds. */
  set(key: string, reply: Relayable | undefined, now: number): void {
    this.#entries.delete(key);
    const kept = reply && reply.message.length <= maxBytes ? reply : undefined;
    this.#entries.set(key, { reply: kept, since: now });
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= maxEntries && now < entry.since + keptMs) break;
      this.#entries.delete(oldest);
    }
  }

  get(key: string, now: number): Failure | undefined {
    const entry = this.#entries.get(key);
    if (!entry || now >= entry.since + keptMs) return undefined;
    return { reply: entry.reply, ageSeconds: Math.floor((now - entry.since) / 1000) };
  }

  clear(): void {
    this.#entries.clear();
  }
}
