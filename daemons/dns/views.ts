// Pure: the views of clients, each made when it is first needed. Only local containers have one of their own, so their number
// is bounded by what runs here, whatever source addresses are forged.
import type { Ipv4 } from '../shared/model/ipv4.ts';
import type { NameIndex } from './name-index.ts';
import { type View, viewOf } from './view.ts';

export class Views {
  readonly #index: NameIndex;
  readonly #views = new Map<Ipv4, View>();
  readonly #stranger: View;

  constructor(index: NameIndex) {
    this.#index = index;
    this.#stranger = { suffixes: [index.zone], links: new Map() };
  }

  of(source: Ipv4): View {
    const known = this.#views.get(source);
    if (known) return known;
    if (!this.#index.clientAt(source)) return this.#stranger;
    const made = viewOf(this.#index, source);
    this.#views.set(source, made);
    return made;
  }

  /** To be called after each change of the index. */
  clear(): void {
    this.#views.clear();
  }
}
