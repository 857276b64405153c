// Pure: which upstreams are asked for a question: those of its domain, else the client's own and then those of the host.
import { nameOfUpstream, type Upstream } from './upstreams.ts';
import { parentOf } from './wire-names.ts';

export interface UpstreamSet {
  readonly list: readonly Upstream[];
  /** Part of the cache's key: clients that ask others may be told otherwise. Empty for what all clients ask. */
  readonly key: string;
  /** In words, for people. */
  readonly why: string;
}

export interface WantedSets {
  /** Asked for everything that no other rule fits. */
  readonly common: readonly Upstream[];
  /** Domain, without final dot, to the upstreams of all names at and below it. */
  readonly domains: ReadonlyMap<string, readonly Upstream[]>;
}

export class UpstreamSets {
  #wanted: WantedSets = { common: [], domains: new Map() };

  use(wanted: WantedSets): void {
    this.#wanted = wanted;
  }

  /** Every configured upstream once, the common ones first. */
  all(): Upstream[] {
    return distinct([...this.#wanted.common, ...[...this.#wanted.domains.values()].flat()]);
  }

  /** `own` are the client's. */
  of(name: string, own: readonly Upstream[]): UpstreamSet {
    const { common, domains } = this.#wanted;
    for (let at: string | undefined = domains.size > 0 ? name : undefined; at; at = parentOf(at)) {
      const list = domains.get(at);
      if (list) return { list, key: '', why: `names of ${at} have upstreams of their own` };
    }
    if (own.length === 0) return { list: common, key: '', why: 'the upstreams of the host' };
    const key = own.map(nameOfUpstream).join();
    return { list: distinct([...own, ...common]), key, why: "the client's own upstreams, then those of the host" };
  }
}

function distinct(list: readonly Upstream[]): Upstream[] {
  return [...new Map(list.map((one) => [nameOfUpstream(one), one])).values()];
}
