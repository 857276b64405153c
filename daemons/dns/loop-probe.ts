// Finds upstreams that lead back to us: each is asked for a name that nobody else can know, and if that very question arrives
// here, the upstream is left out until a later probe no longer comes back.
import { randomBytes } from 'node:crypto';
import { rrType } from './dns-codes.ts';
import type { Exchange } from './exchange.ts';
import { makeQuery } from './query.ts';
import type { Upstream, UpstreamHealth } from './upstreams.ts';

/** Not inside any zone that a resolver may answer from its own knowledge, such as `invalid` (RFC 6761). */
const probeZone = 'corral-loop-probe';
const probeMs = 1_500;

export interface LoopProbeOptions {
  readonly health: UpstreamHealth;
  readonly exchange: Exchange;
  readonly now: () => number;
}

export class LoopProbe {
  readonly #options: LoopProbeOptions;
  /** Names under way, to whether they came back; a few at a time, one an upstream. */
  readonly #names = new Map<string, boolean>();

  constructor(options: LoopProbeOptions) {
    this.#options = options;
  }

  /** To be asked for every question; true if it is a probe of ours that came back. */
  sees(name: string): boolean {
    if (this.#names.size === 0 || !this.#names.has(name)) return false;
    this.#names.set(name, true);
    return true;
  }

  /** Probes all known upstreams at once; resolves when each has answered or its time is over. Never rejects. */
  async run(): Promise<void> {
    await Promise.all(this.#options.health.known().map((upstream) => this.#probe(upstream)));
  }

  async #probe(upstream: Upstream): Promise<void> {
    const { health, exchange, now } = this.#options;
    const name = `${randomBytes(8).toString('hex')}.${probeZone}`;
    const query = makeQuery(name, rrType.TXT);
    if (!query) return;
    this.#names.set(name, false);
    try {
      await exchange(upstream, query, AbortSignal.timeout(probeMs));
      health.answered(upstream);
    } catch {
      health.failed(upstream, now());
    } finally {
      health.setLooping(upstream, this.#names.get(name) ?? false);
      this.#names.delete(name);
    }
  }
}
