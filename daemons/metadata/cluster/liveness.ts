// Pure: which hosts are alive, and how long the others have been gone. Only time counts during which this host itself could
// see the store: a pause of its own, or of the store, is nobody else's death.

export interface LivenessOptions {
  /** A host's containers are taken out of sight after this time, ms. */
  readonly dropMs: number;
  /** A host is forgotten after this time, ms. */
  readonly forgetMs: number;
  /** After a gap of our own, leases that are missing get this long to come back, ms. */
  readonly settleMs: number;
}

/** What a look at the leases changes. */
export interface Judgement {
  /** Hosts that are alive now and were not, or the other way round. */
  readonly turned: readonly string[];
  /** Hosts whose containers go out of sight, or come back. */
  readonly hide: readonly string[];
  readonly show: readonly string[];
  /** Gone for so long that nothing of them is kept. */
  readonly forget: readonly string[];
}

interface Life {
  alive: boolean;
  goneMs: number;
}

export class Liveness {
  readonly #options: LivenessOptions;
  readonly #lives = new Map<string, Life>();
  #settling = 0;

  constructor(options: LivenessOptions, gone: ReadonlyMap<string, number> = new Map()) {
    this.#options = options;
    for (const [host, goneMs] of gone) this.#lives.set(host, { alive: false, goneMs });
  }

  /** Nobody who was alive is judged for a while: we were away, or the store was emptied. */
  settle(): void {
    this.#settling = this.#options.settleMs;
  }

  isAlive(host: string): boolean {
    return this.#lives.get(host)?.alive ?? true;
  }

  /** Milliseconds since the lease was first missed; undefined for a host that is alive. */
  goneMs(host: string): number | undefined {
    const life = this.#lives.get(host);
    return life && !life.alive ? life.goneMs : undefined;
  }

  gone(): Map<string, number> {
    return new Map([...this.#lives].flatMap(([host, life]) => (life.alive ? [] : [[host, life.goneMs]])));
  }

  /** `ms`: time that passed with the store in sight since the last look; 0 for a look in between. */
  look(hosts: Iterable<string>, hasLease: (host: string) => boolean, ms: number): Judgement {
    const judgement = { turned: [] as string[], hide: [] as string[], show: [] as string[], forget: [] as string[] };
    this.#settling = Math.max(0, this.#settling - ms);
    const known = new Set(hosts);
    for (const host of this.#lives.keys()) if (!known.has(host)) this.#lives.delete(host);
    for (const host of known) this.#judge(host, hasLease(host), ms, judgement);
    return judgement;
  }

  #judge(host: string, leased: boolean, ms: number, told: { [K in keyof Judgement]: string[] }): void {
    const { dropMs, forgetMs } = this.#options;
    const life = this.#lives.get(host) ?? { alive: true, goneMs: 0 };
    this.#lives.set(host, life);
    if (leased) {
      if (!life.alive) told.turned.push(host);
      if (life.goneMs >= dropMs) told.show.push(host);
      life.alive = true;
      life.goneMs = 0;
      return;
    }
    if (life.alive && this.#settling > 0) return;
    if (life.alive) told.turned.push(host);
    life.alive = false;
    life.goneMs += ms;
    if (life.goneMs >= dropMs) told.hide.push(host);
    if (life.goneMs >= forgetMs) told.forget.push(host);
  }
}
