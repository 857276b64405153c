// Pure: through which the trees look at the catalog: at which state of it (now, or pinned while a long answer is being
// rendered in slices), and who notes what was seen.
import type { Kind } from '../shared/model/objects.ts';
import type { View } from './catalog.ts';
import type { Reads } from './dependents.ts';

export class Sight {
  readonly #now: View;
  #view: View;
  #reads: Reads | undefined;

  constructor(now: View) {
    this.#now = now;
    this.#view = now;
  }

  get view(): View {
    return this.#view;
  }

  sawObject(kind: Kind, id: string): void {
    this.#reads?.object(kind, id);
  }

  saw(name: string, kind: string = name): void {
    this.#reads?.note(name, kind);
  }

  /** Does the work (without waiting in it) with the eyes on this view; what it sees is noted in `reads`. */
  during<T>(reads: Reads, work: () => T, view: View = this.#now): T {
    const before = { view: this.#view, reads: this.#reads };
    this.#view = view;
    this.#reads = reads;
    try {
      return work();
    } finally {
      this.#view = before.view;
      this.#reads = before.reads;
    }
  }
}
