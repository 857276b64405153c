// Pure: objects in a stable order, found by name or uuid without a search, kept up to date by changes.

export interface TableOptions<T> {
  readonly compare: (a: T, b: T) => number;
  readonly nameOf: (object: T) => string;
  readonly uuidOf: (object: T) => string;
}

/** Above this many changes at once, merging the whole list is cheaper than moving its tail for each of them. */
const fewChanges = 16;

export class SortedTable<T> {
  readonly #options: TableOptions<T>;
  #items: T[] = [];
  /** Somebody holds the list as it is: the next change makes a new one. */
  #pinned = false;
  /** By lower-cased name, each list in order. */
  readonly #byName = new Map<string, T[]>();
  readonly #byUuid = new Map<string, T[]>();

  constructor(options: TableOptions<T>) {
    this.#options = options;
  }

  get items(): readonly T[] {
    return this.#items;
  }

  /** The list of now, which later changes leave alone. */
  pin(): readonly T[] {
    this.#pinned = true;
    return this.#items;
  }

  withName(lowerCased: string): readonly T[] {
    return this.#byName.get(lowerCased) ?? [];
  }

  withUuid(uuid: string): readonly T[] {
    return this.#byUuid.get(uuid) ?? [];
  }

  /** Takes objects out (those that are in, by identity) and puts others in. */
  change(out: readonly T[], into: readonly T[]): void {
    const { compare, nameOf, uuidOf } = this.#options;
    if (out.length + into.length === 0) return;
    if (this.#pinned) this.#items = [...this.#items];
    this.#pinned = false;
    if (out.length + into.length <= fewChanges) {
      for (const object of out) removeFrom(this.#items, object, compare);
      for (const object of into) insertInto(this.#items, object, compare);
    } else {
      const gone = new Set(out);
      const stay = gone.size > 0 ? this.#items.filter((object) => !gone.has(object)) : this.#items;
      this.#items = merge(stay, [...into].sort(compare), compare);
    }
    for (const object of out) {
      this.#unlist(this.#byName, nameOf(object).toLowerCase(), object);
      this.#unlist(this.#byUuid, uuidOf(object), object);
    }
    for (const object of into) {
      this.#list(this.#byName, nameOf(object).toLowerCase(), object);
      this.#list(this.#byUuid, uuidOf(object), object);
    }
  }

  #list(index: Map<string, T[]>, key: string, object: T): void {
    const list = index.get(key);
    if (list) insertInto(list, object, this.#options.compare);
    else index.set(key, [object]);
  }

  #unlist(index: Map<string, T[]>, key: string, object: T): void {
    const list = index.get(key);
    if (!list) return;
    removeFrom(list, object, this.#options.compare);
    if (list.length === 0) index.delete(key);
  }
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
  const merged: T[] = [];
  let from = 0;
  for (const object of few) {
    const at = placeOf(many, object, compare);
    for (; from < at; from += 1) merged.push(many[from]!);
    merged.push(object);
  }
  for (; from < many.length; from += 1) merged.push(many[from]!);
  return merged;
}
