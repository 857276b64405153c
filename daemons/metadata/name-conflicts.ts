// Pure: container names that more than one container bears. All of them are served, a local one first; people are told.
import type { ContainerObject } from '../shared/model/objects.ts';

export class NameConflicts {
  /** Lower-cased name to the id of its only bearer, or to all of them. */
  readonly #bearers = new Map<string, string | Set<string>>();
  readonly #conflicts = new Set<string>();

  /** Names with several bearers now. */
  get names(): ReadonlySet<string> {
    return this.#conflicts;
  }

  /** Notes that a container changed (undefined: was not there, or is gone). Returns a name that came into conflict by it. */
  update(before: ContainerObject | undefined, after: ContainerObject | undefined): string | undefined {
    const [old, now] = [nameOf(before), nameOf(after)];
    if (old === now) return undefined;
    if (before && old !== undefined) this.#drop(old, before.id);
    return after && now !== undefined ? this.#add(now, after.id) : undefined;
  }

  #add(name: string, id: string): string | undefined {
    const held = this.#bearers.get(name);
    if (held === undefined || held === id) {
      this.#bearers.set(name, id);
      return undefined;
    }
    const all = typeof held === 'string' ? new Set([held]) : held;
    this.#bearers.set(name, all.add(id));
    const isNew = !this.#conflicts.has(name);
    this.#conflicts.add(name);
    return isNew ? name : undefined;
  }

  #drop(name: string, id: string): void {
    const held = this.#bearers.get(name);
    if (held === id) this.#bearers.delete(name);
    if (typeof held !== 'object') return;
    held.delete(id);
    if (held.size > 1) return;
    this.#conflicts.delete(name);
    this.#bearers.set(name, [...held][0]!);
  }
}

/** A stopped container keeps its name in its engine, but nobody looks it up. */
function nameOf(container: ContainerObject | undefined): string | undefined {
  return container && container.state !== 'stopped' ? container.name.toLowerCase() : undefined;
}
