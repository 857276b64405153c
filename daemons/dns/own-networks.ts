// Pure: what the networks say that this host may have part in, those of the configuration and those of the cluster: which
// reverse names are ours alone, and whether containers may have IPv6 alone.
import { type Cidr, parseCidr } from '../shared/model/ip.ts';
import type { Snapshot } from '../shared/model/snapshot.ts';

/** The ranges of a network, as in the configuration and in the snapshot. */
export interface Ranges {
  readonly subnet: string;
  readonly subnet6?: string | undefined;
}

export interface OwnRanges {
  readonly subnets: readonly Cidr[];
  readonly hasIpv6: boolean;
}

export class OwnNetworks {
  readonly #onChange: (ranges: OwnRanges) => void;
  #configured: readonly Ranges[] = [];
  #known: readonly Ranges[] = [];
  #told = '';

  /** `onChange` is told of each new set of ranges. */
  constructor(onChange: (ranges: OwnRanges) => void) {
    this.#onChange = onChange;
  }

  useConfig(networks: readonly Ranges[]): void {
    this.#configured = networks;
    this.#tell();
  }

  useSnapshot(snapshot: Snapshot): void {
    this.#known = [...snapshot.table('network').values()];
    this.#tell();
  }

  #tell(): void {
    const all = [...this.#configured, ...this.#known];
    const texts = [...new Set(all.flatMap(({ subnet, subnet6 }) => [subnet, subnet6 ?? '']))].sort();
    if (this.#told === texts.join(' ')) return;
    this.#told = texts.join(' ');
    this.#onChange({
      subnets: texts.map(parseCidr).filter((subnet) => subnet !== undefined),
      hasIpv6: all.some(({ subnet6 }) => subnet6 !== undefined),
    });
  }
}
