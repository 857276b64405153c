// Pure: names of the answers file as they are looked up: a common section and one for each client that has its own.
import type { Ipv4 } from '../shared/model/ipv4.ts';
import { parentOf } from './wire-names.ts';

/** A value with the time that it may be kept, in seconds; undefined: as long as all local records. */
export interface Timed<T> {
  readonly value: T;
  readonly ttl: number | undefined;
}

/** What the file says of one name; each part may be missing. */
export interface FileEntry {
  readonly addresses?: Timed<readonly Ipv4[]>;
  readonly alias?: Timed<string>;
  readonly texts?: Timed<readonly string[]>;
  readonly pointer?: Timed<string>;
}

/** Names to what leads from them. A name above one of them exists, without records (RFC 8020). */
export class AnswerTable {
  readonly #entries: ReadonlyMap<string, FileEntry>;
  readonly #parents = new Set<string>();

  constructor(entries: ReadonlyMap<string, FileEntry>) {
    this.#entries = entries;
    for (const name of entries.keys()) {
      for (let at = parentOf(name); at && !this.#parents.has(at); at = parentOf(at)) this.#parents.add(at);
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  get(name: string): FileEntry | undefined {
    return this.#entries.get(name);
  }

  exists(name: string): boolean {
    return this.#entries.has(name) || this.#parents.has(name);
  }
}

export interface AnswerSection {
  /** Suffixes, in the order in which they are tried. */
  readonly search: readonly string[];
  /** Upstreams as texts, see upstreams.ts. */
  readonly recurse: readonly string[];
  readonly table: AnswerTable;
}

export interface Answers {
  readonly common: AnswerSection;
  readonly clients: ReadonlyMap<Ipv4, AnswerSection>;
  /** Zones that are answered here alone, beside the daemon's own. */
  readonly zones: readonly string[];
}

export const noSection: AnswerSection = { search: [], recurse: [], table: new AnswerTable(new Map()) };
export const noAnswers: Answers = { common: noSection, clients: new Map(), zones: [] };

/** Number of names, each client's counted. */
export function countNames(answers: Answers): number {
  return [answers.common, ...answers.clients.values()].reduce((sum, section) => sum + section.table.size, 0);
}
