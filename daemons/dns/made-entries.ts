// Pure: entries that were made once, each with what it was made from, so that a change drops exactly the ones that it touches.
import { MultiMap } from './multi-map.ts';

export class MadeEntries<E> {
  readonly #entries = new Map<string, E>();
  readonly #usersOf = new MultiMap<string, string>();
  readonly #sourcesOf = new MultiMap<string, string>();

  get(name: string): E | undefined {
    return this.#entries.get(name);
  }

  set(name: string, entry: E): void {
    this.#entries.set(name, entry);
  }

  /** The entry of `name` is being made from `source`. */
  note(source: string, name: string): void {
    this.#usersOf.add(source, name);
    this.#sourcesOf.add(name, source);
  }

  drop(name: string): void {
    this.#entries.delete(name);
    for (const source of this.#sourcesOf.get(name)) {
      this.#usersOf.remove(source, name);
      this.#sourcesOf.remove(name, source);
    }
  }

  /** Drops what was made from the source; returns the names. */
  dropUsers(source: string): string[] {
    const names = this.#usersOf.get(source);
    for (const name of names) this.drop(name);
    return names;
  }

  clear(): void {
    this.#entries.clear();
    this.#usersOf.clear();
    this.#sourcesOf.clear();
  }
}
