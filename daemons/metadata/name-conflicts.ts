// Pure: container names that more than one container bears. All of them are served, a local one first; people are told.
import type { ContainerObject } from '../shared/model/objects.ts';

export class NameConflicts {
  readonly #bearersOf: (lowerCased: string) => readonly ContainerObject[];
  readonly #conflicts = new Set<string>();

  /** `bearersOf` knows all containers by their lower-cased names. */
  constructor(bearersOf: (lowerCased: string) => readonly ContainerObject[]) {
    this.#bearersOf = bearersOf;
  }

  /** Names with several bearers now. */
  get names(): ReadonlySet<string> {
    return this.#conflicts;
  }

  /** Looks at a name (lower-cased) that somebody has now, or had. True if it came into conflict or out of it. */
  look(name: string): boolean {
    const bearers = this.#bearersOf(name);
    const isConflict = bearers.length > 1 && bearers.filter(isLookedUp).length > 1;
    if (isConflict === this.#conflicts.has(name)) return false;
    if (isConflict) this.#conflicts.add(name);
    else this.#conflicts.delete(name);
    return true;
  }
}

/** A stopped container keeps its name in its engine, but nobody looks it up. */
function isLookedUp({ state }: ContainerObject): boolean {
  return state !== 'stopped';
}
