// Pure: objects in a stable order, found by name or uuid without a search, kept up to date by changes.
import { SpreadMap } from './spread-map.ts';

export interface TableOptions<T> {
  readonly compare: (a: T, b: T) => number;
  readonly nameOf: (object: T) => string;
  /** If objects are to be found by it. */
  readonly uuidOf?: ((object: T) => string) | undefined;
}

/** Above this many changes at once, merging the whole list is cheaper than moving its tail for each of them. */
const fewChanges = 16;
/** So many new objects may wait until somebody looks: a large set is not copied for each of its slices, nor merged in one go. */
const maxWaiting = 1_000;

export class SortedTable<T> {
  readonly #options: TableOptions<T>;
  #items: T[] = [];
  /** In order, not in `items` yet. */
  #waiting: T[] = [];
  /** Somebody holds the list as it is: the next change makes a new one. */
  #pinned = false;
  /** By lower-cased name, each list in order. */
  readonly #byName = new SpreadMap<T | T[]>();
  readonly #byUuid = new SpreadMap<T | T[]>();

  constructor(options: TableOptions<T>) {
    this.#options = options;
  }

  get items(): readonly T[] {
    this.#settle();
    return this.#items;
  }

  /** The list of now, which later changes leave alone. */
  pin(): readonly T[] {
    const { items } = this;
    this.#pinned = true;
    return items;
  }

  withName(lowerCased: string): readonly T[] {
    return listOf(this.#byName.get(lowerCased));
  }

  withUuid(uuid: string): readonly T[] {
    return listOf(this.#byUuid.get(uuid));
  }

  /** Takes objects out (those that are in, by identity) and puts others in. */
  change(out: readonly T[], into: readonly T[]): void {
    const { compare, nameOf, uuidOf } = this.#options;
    if (out.length + into.length === 0) return;
    if (out.length === 0 && into.length > fewChanges) {
      this.#waiting = merge(this.#waiting, [...into].sort(compare), compare);
      if (this.#waiting.length >= maxWaiting) this.#settle();
    } else this.#place(out, into);
    for (const object of out) {
      this.#unlist(this.#byName, nameOf(object).toLowerCase(), object);
      if (uuidOf) this.#unlist(this.#byUuid, uuidOf(object), object);
    }
    for (const object of into) {
      this.#list(this.#byName, nameOf(object).toLowerCase(), object);
      if (uuidOf) this.#list(this.#byUuid, uuidOf(object), object);
    }
  }

  #place(out: readonly T[], into: readonly T[]): void {
    const { compare } = this.#options;
    this.#settle();
    if (out.length + into.length > fewChanges) {
      const gone = new Set(out);
      const stay = gone.size > 0 ? this.#items.filter((object) => !gone.has(object)) : this.#items;
      this.#items = merge(stay, [...into].sort(compare), compare);
    } else {
      if (this.#pinned) this.#items = [...this.#items];
      for (const object of out) removeFrom(this.#items, object, compare);
      for (const object of into) insertInto(this.#items, object, compare);
    }
    this.#pinned = false;
  }

  #settle(): void {
    if (this.#waiting.length === 0) return;
    this.#items = merge(this.#items, this.#waiting, this.#options.compare);
    this.#waiting = [];
    this.#pinned = false;
  }

  /** Most names have one bearer, who then needs no list. */
  #list(index: SpreadMap<T | T[]>, key: string, object: T): void {
    const known = index.get(key);
    if (known === undefined) index.set(key, object);
    else if (Array.isArray(known)) insertInto(known, object, this.#options.compare);
    else index.set(key, this.#options.compare(known, object) <= 0 ? [known, object] : [object, known]);
  }

  #unlist(index: SpreadMap<T | T[]>, key: string, object: T): void {
    const known = index.get(key);
    if (known === object) index.delete(key);
    if (!Array.isArray(known)) return;
    removeFrom(known, object, this.#options.compare);
    if (known.length <= 1) index.set(key, known[0]!);
  }
}

function listOf<T>(known: T | T[] | undefined): readonly T[] {
  if (known === undefined) return [];
  return Array.isArray(known) ? known : [known];
}

/** Where the object is or would be: the first place whose object does not come before it. */
function placeOf<T>(list: readonly T[], object: T, compare: (a: T, b: T) => number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(list[middle]!, object) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insertInto<T>(list: T[], object: T, compare: (a: T, b: T) => number): void {
  list.splice(placeOf(list, object, compare), 0, object);
}

function removeFrom<T>(list: T[], object: T, compare: (a: T, b: T) => number): void {
  const at = placeOf(list, object, compare);
  if (list[at] === object) list.splice(at, 1);
}

/** Both in order. Compares only to find the places of the few; what lies between is copied. */
function merge<T>(many: readonly T[], few: readonly T[], compare: (a: T, b: T) => number): T[] {
  if (many.length === 0) return [...few];
  const merged = new Array<T>(many.length + few.length);
  let [from, to] = [0, 0];
  for (const object of few) {
    const at = placeOf(many, object, compare);
    while (from < at) merged[to++] = many[from++]!;
    merged[to++] = object;
  }
  while (from < many.length) merged[to++] = many[from++]!;
  return merged;
}
