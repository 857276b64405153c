// Pure: the text of an answers file, in either form of the original's files (metadata reference, section 3): a tree of versions,
// clients and answers (YAML or JSON), or objects one behind the other, plain or as the later servers' clients saved them.
// No error shows what the file says: there may be tokens in it.
import { inflateRawSync } from 'node:zlib';
import { SuiteError } from '../shared/model/errors.ts';
import { type Answers, noAnswers } from './answers.ts';
import { cutObjects } from './cut-objects.ts';
import { answersOfObjects } from './object-answers.ts';
import { plainData } from './plain-data.ts';
import { answersOfTree } from './tree-answers.ts';
import { isMap, type TreeMap, type TreeValue } from './tree-values.ts';

export type AnswersForm = 'auto' | 'tree' | 'objects';

export interface ParseOptions {
  /** The name of the file, for errors. */
  readonly path: string;
  readonly form: AnswersForm;
  /** Made of the content, for answers that have no version of their own. */
  readonly version: string;
  readonly parseYaml: (text: string, what: string) => unknown;
}

/** What the objects of a saved file may be when unpacked, in bytes. */
const maxInflated = 128 * 1024 * 1024;

/** @throws SuiteError CONFIG_INVALID. */
export function parseAnswers(text: string, options: ParseOptions): Answers {
  const { path, form, version } = options;
  if (text.trim() === '') throw invalid(path, 'it is empty', 'write {} into it if no answers are meant');
  const objects = form === 'tree' ? undefined : readObjects(text, path);
  if (objects) return answersOfObjects(objects, version);
  if (form === 'objects') throw invalid(path, 'it holds no objects with a metadata_kind');
  const whole = isJson(text) ? tryJson(text) : undefined;
  const value = plainData(whole ?? options.parseYaml(text, path), path);
  if (value === null) return noAnswers;
  if (!isMap(value)) throw invalid(path, 'it is no map of versions');
  return answersOfTree(value);
}

/** The objects of a stream or of a saved file; undefined if the text is neither. */
function readObjects(text: string, path: string): TreeMap[] | undefined {
  if (!isJson(text)) return undefined;
  const whole = tryJson(text);
  if (whole !== undefined) {
    const { Version, Data } = whole as { Version?: unknown; Data?: unknown };
    if (typeof Version === 'string' && typeof Data === 'string') return streamOf(unpack(Data, path), path);
    return Object.hasOwn(whole, 'metadata_kind') ? streamOf(text, path) : undefined;
  }
  // Not one value: several, unless it is YAML or broken.
  const one = tryJson(firstObject(text));
  return one !== undefined && Object.hasOwn(one, 'metadata_kind') ? streamOf(text, path) : undefined;
}

function firstObject(text: string): string {
  try {
    return cutObjects(text).next().value ?? '';
  } catch {
    return ''; // no end to it: YAML, or broken as YAML will say
  }
}

function streamOf(text: string, path: string): TreeMap[] {
  const objects: TreeMap[] = [];
  try {
    for (const part of cutObjects(text)) {
      const value = tryJson(part);
      if (value === undefined) throw invalid(path, `object ${objects.length + 1} is not JSON`);
      const checked: TreeValue = plainData(value, path);
      if (isMap(checked)) objects.push(checked);
    }
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(path, `behind object ${objects.length}: ${error.message}`);
    throw error;
  }
  return objects;
}

function unpack(data: string, path: string): string {
  try {
    return inflateRawSync(Buffer.from(data, 'base64'), { maxOutputLength: maxInflated }).toString('utf8');
  } catch (error) {
    const tooLong = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw invalid(
      path,
      tooLong ? `its Data holds more than ${maxInflated} bytes` : 'its Data is not base64 of raw deflate',
    );
  }
}

function isJson(text: string): boolean {
  return /^\s*\{/.test(text);
}

/** The object, or undefined for what is none. */
function tryJson(text: string): object | undefined {
  try {
    const value: unknown = /\d{16}/.test(text) ? JSON.parse(text, keepIntegers) : JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Integers that a number cannot hold keep all their digits (the third argument: TC39's JSON.parse source text access). */
function keepIntegers(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return /^-?\d{1,40}$/.test(source) ? BigInt(source) : value;
}

function invalid(path: string, why: string, hint?: string): SuiteError {
  return new SuiteError('CONFIG_INVALID', `read ${path}: ${why}`, hint === undefined ? {} : { hint });
}
