// Pure: a value as text or as JSON, byte for byte as the original writes them (metadata reference, section 10).
import { absent, compareBytes, elementName, isList, isMap, sortedKeys, type TreeValue } from './tree-values.ts';

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
