// Pure: what the trees that clients see are made of. Large parts are made when they are asked for (getters, TreeList).

/** A bigint is an integer beyond 2^53, as answers files may hold. */
export type TreeValue = null | boolean | number | bigint | string | readonly TreeValue[] | TreeList | TreeMap;
export interface TreeMap {
  readonly [key: string]: TreeValue;
  /** Set where lists without a bound may lie below: such a map is rendered in pieces. */
  readonly [large]?: true;
}
/** No key that a client could ask for. */
export const large = Symbol('large');

/** A list that is not kept as an array: it makes its elements on demand and finds them by name without a search. */
export abstract class TreeList {
  abstract readonly length: number;
  abstract at(index: number): TreeValue | undefined;
  /** The first element whose name, or else uuid, is this text. */
  abstract named(text: string): TreeValue | undefined;

  /** The name of an element; lists that know it without making the element say so. */
  nameAt(index: number): string | undefined {
    return elementName(this.at(index));
  }
}

/**
 * An absent collection. The original's typed null: JSON says null, while a listing marks it like any collection
 * (metadata reference, section 10).
 */
export const absent: TreeMap = Object.freeze({});

export function isList(value: TreeValue): value is readonly TreeValue[] | TreeList {
  return Array.isArray(value) || value instanceof TreeList;
}

export function isMap(value: TreeValue): value is TreeMap {
  return typeof value === 'object' && value !== null && !isList(value);
}

/** The name by which a listing shows an element and a path finds it: `name`, or else `uuid`. */
export function elementName(value: TreeValue | undefined): string | undefined {
  if (value === undefined || !isMap(value)) return undefined;
  const { name, uuid } = value;
  if (typeof name === 'string') return name;
  return typeof uuid === 'string' ? uuid : undefined;
}

/** Order of keys by their UTF-8 bytes, which differs from JavaScript's own where surrogates meet the end of the BMP. */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Most maps are built in order already. */
export function sortedKeys(value: object): string[] {
  const keys = Object.keys(value);
  for (let at = 1; at < keys.length; at += 1) {
    if (compareBytes(keys[at - 1]!, keys[at]!) > 0) return keys.sort(compareBytes);
  }
  return keys;
}
