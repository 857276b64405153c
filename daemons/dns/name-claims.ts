// Pure: which objects claim a name, and which names stand above claimed ones without being claimed themselves (RFC 8020:
// such a name exists and has no records).
import type { Key } from '../shared/model/objects.ts';
import { MultiMap } from './multi-map.ts';
import { parentOf } from './wire-names.ts';

export class NameClaims {
  readonly #zone: string;
  readonly #claims = new MultiMap<string, Key>();
  /** Name to the number of claimed names below it. */
  readonly #parents = new Map<string, number>();

  constructor(zone: string) {
    this.#zone = zone;
  }

  /** Number of claimed names. */
  get size(): number {
    return this.#claims.size;
  }

  names(): Iterable<string> {
    return this.#claims.keys();
  }

  of(name: string): Key[] {
    return this.#claims.get(name);
  }

  exists(name: string): boolean {
    return this.#claims.has(name) || this.#parents.has(name);
  }

  add(name: string, key: Key): void {
    if (!this.#claims.has(name)) this.#countParents(name, 1);
    this.#claims.add(name, key);
  }

  remove(name: string, key: Key): void {
    if (!this.#claims.has(name)) return;
    this.#claims.remove(name, key);
    if (!this.#claims.has(name)) this.#countParents(name, -1);
  }

  clear(): void {
    this.#claims.clear();
    this.#parents.clear();
  }

  #countParents(name: string, by: number): void {
    for (let parent = parentOf(name); parent && parent !== this.#zone; parent = parentOf(parent)) {
      const count = (this.#parents.get(parent) ?? 0) + by;
      if (count > 0) this.#parents.set(parent, count);
      else this.#parents.delete(parent);
    }
  }
}
