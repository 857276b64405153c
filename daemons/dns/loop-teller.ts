// Warns of names that lead back to themselves, each loop once: they are met again with every question.
import type { Logger } from '../shared/daemon/log.ts';
import type { Cut } from './derive-names.ts';

/** Loops that are remembered as told; beyond, they are no longer told. */
const maxTold = 256;

export class LoopTeller {
  readonly #log: Pick<Logger, 'warn'>;
  readonly #told = new Set<string>();

  constructor(log: Pick<Logger, 'warn'>) {
    this.#log = log;
  }

  /** Links of services. */
  readonly onCut = ({ why, members }: Cut): void => {
    const text =
      why === 'cycle'
        ? 'services link to each other in a circle; the link that closes it is not followed'
        : 'a chain of links between services is too long; its end is not followed';
    this.#tell('dns.links.cut', text, members);
  };

  /** Aliases of names. */
  readonly onLoop = (members: readonly string[]): void =>
    this.#tell('dns.aliases.loop', 'names are aliases of each other in a circle', members);

  #tell(event: string, text: string, members: readonly string[]): void {
    // The same circle begins elsewhere for another question.
    const key = `${event} ${[...members].sort().join(' ')}`;
    if (this.#told.has(key) || this.#told.size >= maxTold) return;
    this.#told.add(key);
    this.#log.warn({ event, members }, text);
  }
}
