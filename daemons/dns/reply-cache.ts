// Pure: forwarded replies kept for as long as their TTLs allow, and addresses for a while longer in case that no upstream
// answers (RFC 8767). Least recently used out first, bounded in entries and bytes.
import { flag } from './dns-codes.ts';
import type { Query } from './query.ts';
import type { Relayable } from './relay-reply.ts';

export interface CacheOptions {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** Seconds; longer TTLs are kept no longer. */
  readonly maxPositive: number;
  readonly maxNegative: number;
  /** Seconds that a positive reply is kept after its end, for a time without upstreams. */
  readonly maxStale: number;
}

export const usualCache: CacheOptions = {
  maxEntries: 8_192,
  maxBytes: 4 * 1024 * 1024,
  maxPositive: 3_600,
  maxNegative: 300,
  maxStale: 3_600,
};

interface Entry {
  readonly reply: Relayable;
  /** Milliseconds of the injected, monotonic clock. */
  readonly storedAt: number;
  readonly expiresAt: number;
  readonly keepUntil: number;
  /** Times that it was given out. */
  hits: number;
  /** It is given out though expired, and nobody is asked, until then. */
  staleUntil: number;
}

export interface Cached {
  readonly reply: Relayable;
  /** Whole seconds. */
  readonly ageSeconds: number;
  /** Past its end: to be given out with a short TTL. */
  readonly stale: boolean;
  /** Asked for often and near its end: worth being asked for anew before clients have to wait. */
  readonly wearsOut: boolean;
}

/** A reply is popular after this many hits; then it is fetched anew in the last tenth of its life. */
const popularHits = 2;
/** After a failure nobody is asked again for this long (RFC 8767 section 5, failure recheck timer). */
const recheckMs = 30_000;

/** What is counted for an entry beside its message. */
const overheadBytes = 256;

/** What two clients must agree in to get the same forwarded reply; the spelling of the name is not part of it. */
export function cacheKey(query: Query, upstreams: string): string {
  const dnssec = query.edns?.wantsDnssec ? 'D' : '';
  const unchecked = query.flags & flag.CD ? 'C' : '';
  const alone = query.flags & flag.RD ? '' : 'N';
  return `${query.type}/${query.class}/${dnssec}${unchecked}${alone}/${query.name}/${upstreams}`;
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

  /** A reply that may be given out without asking anybody. */
  get(key: string, now: number): Cached | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (now >= entry.keepUntil) {
      this.#remove(key, entry);
      return undefined;
    }
    const stale = now >= entry.expiresAt;
    if (stale && now >= entry.staleUntil) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.hits += 1;
    const life = entry.expiresAt - entry.storedAt;
    const wearsOut = !stale && entry.hits >= popularHits && now >= entry.expiresAt - life / 10;
    return { reply: entry.reply, ageSeconds: Math.floor((now - entry.storedAt) / 1000), stale, wearsOut };
  }

  /** Nobody answers: what was known before, if it is not too old. For a while it will be found without asking. */
  getStale(key: string, now: number): Relayable | undefined {
    const entry = this.#entries.get(key);
    if (!entry || now >= entry.keepUntil) return undefined;
    entry.staleUntil = now + recheckMs;
    return entry.reply;
  }

  /** Keeps a reply for `lifetime` seconds at most; 0 keeps nothing. */
  set(key: string, reply: Relayable, lifetime: number, negative: boolean, now: number): void {
    const { maxEntries, maxBytes, maxNegative, maxPositive, maxStale } = this.#options;
    const seconds = Math.min(lifetime, negative ? maxNegative : maxPositive);
    const before = this.#entries.get(key);
    if (before) this.#remove(key, before);
    if (seconds <= 0) return;
    const expiresAt = now + seconds * 1000;
    const keepUntil = expiresAt + (negative ? 0 : maxStale * 1000);
    this.#entries.set(key, { reply, storedAt: now, expiresAt, keepUntil, hits: 0, staleUntil: 0 });
    this.#bytes += costOf(key, reply);
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= maxEntries && this.#bytes <= maxBytes) break;
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
