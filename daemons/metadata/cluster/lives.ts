// Looks at the hosts' leases once a second and whenever one changes, and does what follows: containers out of sight, hosts
// forgotten. How long hosts have been gone outlives this process.
import type { Logger } from '../../shared/daemon/log.ts';
import type { Cancel, Clock } from '../../shared/effects/clock.ts';
import { renderKey } from './keys.ts';
import { Liveness, type LivenessOptions } from './liveness.ts';
import type { Mirror } from './mirror.ts';

export interface LivesOptions extends LivenessOptions {
  readonly mirror: Mirror;
  readonly clock: Clock;
  readonly log: Logger;
  /** True while this host sees the store. */
  readonly inSight: () => boolean;
  readonly nameOf: (host: string) => string;
  /** Takes a host out of the store for good. */
  readonly remove: (host: string) => Promise<unknown>;
  readonly gone: ReadonlyMap<string, number>;
  readonly keepGone: (gone: ReadonlyMap<string, number>) => void;
  /** The mirror differs. */
  readonly onChange: () => void;
}

const tickMs = 1_000;
const keepGoneMs = 10 * 60_000;

export class Lives {
  readonly #options: LivesOptions;
  readonly #liveness: Liveness;
  readonly #leaving = new Set<string>();
  readonly #cancel: Cancel;
  #lastTick: number;
  #kept = 0;

  constructor(options: LivesOptions) {
    const { clock, gone } = options;
    this.#options = options;
    this.#liveness = new Liveness(options, gone);
    this.#lastTick = clock.now();
    this.#cancel = clock.every(tickMs, () => this.#tick());
  }

  isAlive(host: string): boolean {
    return this.#liveness.isAlive(host);
  }

  goneMs(host: string): number | undefined {
    return this.#liveness.goneMs(host);
  }

  /** After a gap of our own, leases get a moment to come back. */
  settle(): void {
    this.#liveness.settle();
  }

  close(): void {
    this.#cancel();
  }

  #tick(): void {
    const { clock, inSight, onChange, keepGone } = this.#options;
    const now = clock.now();
    const passed = now - this.#lastTick;
    this.#lastTick = now;
    if (!inSight()) return;
    this.look(Math.min(passed, 2 * tickMs)); // a late tick is a pause of our own
    onChange();
    this.#kept += tickMs;
    if (this.#kept < keepGoneMs) return;
    this.#kept = 0;
    keepGone(this.#liveness.gone());
  }

  /** `ms`: time in sight of the store since the last look. */
  look(ms: number): void {
    const { mirror, log, nameOf } = this.#options;
    const hosts = [...mirror.infos.values()].map(({ value }) => value.object.id);
    const hasLease = (host: string): boolean => {
      const lease = mirror.leases.get(renderKey({ at: 'alive', host }));
      return lease !== undefined && !lease.old;
    };
    const { turned, hide, show, forget } = this.#liveness.look(hosts, hasLease, ms);
    for (const host of turned) {
      mirror.touchFacts();
      const name = nameOf(host);
      if (this.isAlive(host)) log.info({ event: 'host.alive', host, name }, 'the host is back');
      else log.warn({ event: 'host.gone', host, name }, 'the host keeps no lease any more');
    }
    for (const host of hide) mirror.hide(host, true);
    for (const host of show) mirror.hide(host, false);
    for (const host of forget) void this.#forget(host);
  }

  /** For good: out of the store too, unless it has come back meanwhile. */
  async #forget(host: string): Promise<void> {
    const { log, nameOf, remove, mirror, onChange } = this.#options;
    if (this.#leaving.has(host)) return;
    this.#leaving.add(host);
    log.warn({ event: 'host.forgotten', host, name: nameOf(host) }, 'gone for too long; its blocks are free again');
    try {
      await remove(host);
    } catch (error) {
      log.warn({ event: 'host.not-removed', host, error }, 'the store keeps the host that is gone');
    }
    this.#leaving.delete(host);
    mirror.forget(host);
    onChange();
  }
}
