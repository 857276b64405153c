// Pure: forwarded replies kept for as long as their TTLs allow, least recently used out first, bounded in entries and bytes.

import { flag } from './dns-codes.ts';
import type { Query } from './query.ts';
import type { Relayable } from './relay-reply.ts';

export interface CacheOptions {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** Seconds; longer TTLs are kept no longer. */
  readonly maxPositive: number;
  readonly maxNegative: number;
}

export const usualCache: CacheOptions = {
  maxEntries: 8_192,
  maxBytes: 4 * 1024 * 1024,
  maxPositive: 3_600,
  maxNegative: 300,
};

interface Entry {
  readonly reply: Relayable;
  /** Milliseconds of the injected, monotonic clock. */
  readonly storedAt: number;
  readonly expiresAt: number;
}

/** What is counted for an entry beside its message. */
const overheadBytes = 256;

/** What two clients must agree in to get the same forwarded reply; the spelling of the name is not part of it. */
export function cacheKey(query: Query): string {
  const dnssec = query.edns?.wantsDnssec ? 'D' : '';
  const unchecked = query.flags & flag.CD ? 'C' : '';
  const alone = query.flags & flag.RD ? '' : 'N';
  return `${query.type}/${query.class}/${dnssec}${unchecked}${alone}/${query.name}`;
}

export class ReplyCache {
  readonly #options: CacheOptions;
  /** In order of use, the least recent first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(options: CacheOptions = usualCache) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A reply that is still good, with its age in whole seconds. */
  get(key: string, now: number): { reply: Relayable; ageSeconds: number } | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (now >= entry.expiresAt) {
      this.#remove(key, entry);
      return undefined;
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return { reply: entry.reply, ageSeconds: Math.floor((now - entry.storedAt) / 1000) };
  }

  /** Keeps a reply for `lifetime` seconds at most; 0 keeps nothing. */
  set(key: string, reply: Relayable, lifetime: number, negative: boolean, now: number): void {
    const seconds = Math.min(lifetime, negative ? this.#options.maxNegative : this.#options.maxPositive);
    const before = this.#entries.get(key);
    if (before) this.#remove(key, before);
    if (seconds <= 0) return;
    this.#entries.set(key, { reply, storedAt: now, expiresAt: now + seconds * 1000 });
    this.#bytes += costOf(key, reply);
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= this.#options.maxEntries && this.#bytes <= this.#options.maxBytes) break;
      this.#remove(oldest, entry);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #remove(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= costOf(key, entry.reply);
  }
}

function costOf(key: string, reply: Relayable): number {
  return reply.message.length + reply.ttls.length * 8 + key.length * 2 + overheadBytes;
}
