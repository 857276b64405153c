// Pure: the views of clients, each made when it is first needed. Only local containers and clients of the answers file have one
// of their own, so their number is bounded by what runs here and what is written, whatever source addresses are forged.
import type { Ip } from '../shared/model/ip.ts';
import type { Ipv4 } from '../shared/model/ipv4.ts';
import type { NameIndex } from './name-index.ts';
import { type View, viewOf } from './view.ts';

const maxStrangers = 4_096;

export class Views {
  readonly #index: NameIndex;
  readonly #views = new Map<Ip, View>();
  /** Of all others. */
  #stranger: View | undefined;
  /** Sources that were found to be none of ours; to find it takes a while. */
  readonly #strangers = new Set<Ip>();

  constructor(index: NameIndex) {
    this.#index = index;
  }

  of(source: Ip): View {
    const known = this.#views.get(source) ?? (this.#strangers.has(source) ? this.#stranger : undefined);
    if (known) return known;
    const isStranger = !this.#index.clientAt(source) && !this.#index.answers.clients.has(source as Ipv4);
    if (isStranger) {
      if (this.#strangers.size >= maxStrangers) this.#strangers.clear();
      this.#strangers.add(source);
      if (this.#stranger) return this.#stranger;
    }
    const made = viewOf(this.#index, source);
    if (isStranger) this.#stranger = made;
    else this.#views.set(source, made);
    return made;
  }

  /** To be called after each change of the index. */
  clear(): void {
    this.#views.clear();
    this.#stranger = undefined;
    this.#strangers.clear();
  }
}
