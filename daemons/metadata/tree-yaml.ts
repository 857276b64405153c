// Pure: a value as YAML in block style, keys in order of their bytes (metadata reference, section 10). Readers of YAML 1.1 and
// of 1.2 read back what was written: a text that either of them would take for something else is quoted.
import { absent, isList, isMap, sortedKeys, type TreeValue } from './tree-values.ts';

/** Longer keys need a mark before them (YAML 1.2, section 7.4.2: 1,024 characters). */
const longestKey = 1_000;

export function renderYaml(value: TreeValue): string {
  return [...yamlPieces(value)].join('');
}

/** As `renderYaml`, a scalar at a time. */
export function* yamlPieces(value: TreeValue): Generator<string> {
  if (isBlock(value)) yield* blockPieces(value, '', '');
  else yield `${scalar(value)}\n`;
}

function isBlock(value: TreeValue): boolean {
  if (value === absent) return false;
  if (isList(value)) return value.length > 0;
  return isMap(value) && Object.keys(value).length > 0;
}

/** A list or map that is not empty; its first line goes where the writer stands, the others are indented. */
function* blockPieces(value: TreeValue, indent: string, first: string): Generator<string> {
  let lead = first;
  if (isList(value)) {
    for (let at = 0; at < value.length; at += 1) {
      yield `${lead}- `;
      yield* itemPieces(value.at(at) ?? null, indent);
      lead = indent;
    }
    return;
  }
  const map = value as { readonly [key: string]: TreeValue };
  for (const key of sortedKeys(map)) {
    const name = yamlText(key);
    const isLong = name.length > longestKey;
    yield isLong ? `${lead}? ${name}\n${indent}:` : `${lead}${name}:`;
    yield* entryPieces(map[key]!, indent, isLong);
    lead = indent;
  }
}

function* itemPieces(value: TreeValue, indent: string): Generator<string> {
  if (isBlock(value)) yield* blockPieces(value, `${indent}  `, '');
  else yield `${scalar(value)}\n`;
}

/** Lists stand as far left as their key, maps further right. */
function* entryPieces(value: TreeValue, indent: string, isLong: boolean): Generator<string> {
  if (!isBlock(value)) {
    yield ` ${scalar(value)}\n`;
    return;
  }
  const inner = isList(value) && !isLong ? indent : `${indent}  `;
  yield '\n';
  yield* blockPieces(value, inner, inner);
}

function scalar(value: TreeValue): string {
  if (value === null || value === absent) return 'null';
  if (typeof value === 'string') return yamlText(value);
  if (typeof value === 'number') return yamlNumber(value);
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  return isList(value) ? '[]' : '{}';
}

function yamlNumber(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  return String(value);
}

/** What YAML 1.1 reads as null, boolean, merge or default key; 1.2 reads less. */
const words = new Set(['', '~', '<<', '=', 'null', 'true', 'false', 'yes', 'no', 'on', 'off', 'y', 'n']);
/** Integers and floats of both YAMLs, sexagesimals, dates. */
const numberLike =
  /^[-+]?(0b[01_]+|0o?[0-7_]+|0x[\da-f_]+|\.?\d[\d_]*\.?[\d_]*(e[-+]?\d+)?|\d[\d_]*(:[0-5]?\d)+(\.\d*)?)$|^\d{4}-\d\d?-\d\d?([t ].*)?$/i;
const longestNumber = 40;
/** A colon only before, a hash only behind something that is no space. */
const plain = /^[\p{L}\p{N}_/$](?:[\p{L}\p{N}_./$<>()+=&*!?;~^"'|@%,[\]{}-]|:(?=[^\s])|(?<=[^\s])#| (?=[^ #]))*$/u;

function yamlText(text: string): string {
  if (words.has(text.toLowerCase()) || !plain.test(text)) return quoted(text);
  const mayBeNumber = /^\d/.test(text) && (text.length > longestNumber || numberLike.test(text));
  return mayBeNumber ? quoted(text) : text;
}

/** JSON's escapes are YAML's too. */
function quoted(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
