// Pure: a value as text or as JSON, byte for byte as the original writes them (metadata reference, section 10).
// What may be long comes in pieces, each a small part of the work, so that a long answer need not hold up the others.
import {
  absent,
  compareBytes,
  elementName,
  isList,
  isMap,
  large,
  sortedKeys,
  TreeList,
  type TreeValue,
} from './tree-values.ts';

/** A listing line by line, a scalar whole. */
export function* textPieces(value: TreeValue): Generator<string> {
  if (!(value instanceof TreeList)) yield renderText(value);
  else {
    for (let at = 0; at < value.length; at += 1) {
      const name = value.nameAt(at);
      yield name === undefined ? elementLine(value.at(at), at) : `${at}=${formEncode(name)}\n`;
    }
  }
}

/** Longer arrays are rendered in pieces. */
const longArray = 64;

export function renderText(value: TreeValue): string {
  if (value === null || value === absent) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return textOfNumber(value);
  const lines: string[] = [];
  if (isList(value)) {
    for (let at = 0; at < value.length; at += 1) lines.push(elementLine(value.at(at), at));
    return lines.join('');
  }
  for (const key of Object.keys(value)) lines.push(`${formEncode(key)}${isCollection(value[key]!) ? '/' : ''}\n`);
  return lines.sort(compareBytes).join('');
}

function elementLine(element: TreeValue | undefined, at: number): string {
  const name = elementName(element);
  if (name !== undefined) return `${at}=${formEncode(name)}\n`;
  return element !== undefined && isCollection(element) ? `${at}/\n` : `${at}\n`;
}

function isCollection(value: TreeValue): boolean {
  return isList(value) || isMap(value);
}

/** Integers in full, others with at most six decimals, never with an exponent. */
function textOfNumber(value: number): string {
  if (Number.isInteger(value)) return BigInt(value).toString();
  return value
    .toFixed(6)
    .replace(/\.?0+$/, '')
    .replace(/^-0$/, '0');
}

/** As the value of a form: unreserved characters stay, a space becomes `+`. */
export function formEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

/** As `renderJson`, an element of a list at a time. */
export function* jsonPieces(value: TreeValue): Generator<string> {
  if (value instanceof TreeList || (Array.isArray(value) && value.length > longArray)) {
    for (let at = 0; at < value.length; at += 1) {
      yield at === 0 ? '[' : ',';
      yield* jsonPieces(value.at(at) ?? null);
    }
    yield value.length === 0 ? '[]' : ']';
  } else if (value !== null && isMap(value) && value[large]) {
    let mark = '{';
    for (const key of sortedKeys(value)) {
      yield `${mark}${jsonText(key)}:`;
      yield* jsonPieces(value[key]!);
      mark = ',';
    }
    yield mark === '{' ? '{}' : '}';
  } else yield renderJson(value);
}

/** Compact, keys in order of their bytes, with what HTML could take for markup escaped. */
export function renderJson(value: TreeValue): string {
  const out: string[] = [];
  writeJson(value, out);
  return out.join('');
}

function writeJson(value: TreeValue, out: string[]): void {
  if (value === null || value === absent) out.push('null');
  else if (typeof value === 'string') out.push(jsonText(value));
  else if (typeof value === 'number') out.push(Number.isFinite(value) ? String(value) : 'null');
  else if (typeof value === 'boolean' || typeof value === 'bigint') out.push(String(value));
  else if (isList(value)) {
    out.push('[');
    for (let at = 0; at < value.length; at += 1) {
      if (at > 0) out.push(',');
      writeJson(value.at(at) ?? null, out);
    }
    out.push(']');
  } else {
    let mark = '{';
    for (const key of sortedKeys(value)) {
      out.push(mark, jsonText(key), ':');
      writeJson(value[key]!, out);
      mark = ',';
    }
    out.push(mark === '{' ? '{}' : '}');
  }
}

const escapes: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
  '\\b': '\\u0008',
  '\\f': '\\u000c',
};

function jsonText(text: string): string {
  const plain = JSON.stringify(text.toWellFormed());
  return /[<>&\u2028\u2029]|\\[bf]/.test(plain)
    ? plain.replace(/[<>&\u2028\u2029]|\\./g, (found) => escapes[found] ?? found)
    : plain;
}
