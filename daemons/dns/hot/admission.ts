// Pure: who stands behind a source address, on the hot path: the view that it has, or that it has none here.
import { type Cidr4, contains, type Ipv4 } from '../../shared/model/ipv4.ts';
import { type CallerRules, isLocalCaller, noCallers } from '../../shared/model/local-callers.ts';

export interface Standing {
  readonly view: number;
  /** Gets the replies that are the same for all clients without links and names of their own. */
  readonly shares: boolean;
  /** Its address may be forged: answers to it are counted. */
  readonly limited: boolean;
}

/** A local client with a view of its own. Addresses are signed 32-bit numbers. */
export interface HotClient {
  readonly address: number;
  readonly view: number;
  readonly shares: boolean;
}

/** The view of everybody who has none of his own. */
export const commonView = 0;
const stranger: Standing = { view: commonView, shares: true, limited: false };
const guest: Standing = { view: commonView, shares: true, limited: true };
/** Addresses whose standing is remembered; to find it again costs a walk over the rules. */
const maxKnown = 4_096;

export class Admission {
  #rules = noCallers;
  #allowFrom: readonly Cidr4[] = [];
  readonly #clients = new Map<number, Standing>();
  readonly #known = new Map<number, Standing | undefined>();

  useRules(rules: CallerRules, allowFrom: readonly Cidr4[]): void {
    this.#rules = rules;
    this.#allowFrom = allowFrom;
    this.#known.clear();
  }

  useClients(set: readonly HotClient[], drop: readonly number[]): void {
    for (const address of drop) this.#clients.delete(address);
    for (const { address, view, shares } of set) this.#clients.set(address, { view, shares, limited: false });
  }

  /** Undefined: nobody that this daemon answers, as far as is known here. */
  of(address: number): Standing | undefined {
    const client = this.#clients.get(address) ?? this.#known.get(address);
    if (client !== undefined || this.#known.has(address)) return client;
    if (this.#known.size >= maxKnown) this.#known.clear();
    const found = this.#judge((address >>> 0) as Ipv4);
    this.#known.set(address, found);
    return found;
  }

  #judge(source: Ipv4): Standing | undefined {
    if (isLocalCaller(this.#rules, source)) return stranger;
    return this.#allowFrom.some((range) => contains(range, source)) ? guest : undefined;
  }
}
