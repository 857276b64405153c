// Pure: the text of an answers file, in either form of the original's files (metadata reference, section 3): a tree of versions,
// clients and answers (YAML or JSON), or objects one behind the other, plain or as the later servers' clients saved them.
// No error shows what the file says: there may be tokens in it.
import { promisify } from 'node:util';
import { inflateRaw, inflateRawSync } from 'node:zlib';
import { SuiteError } from '../shared/model/errors.ts';
import { type Answers, noAnswers } from './answers.ts';
import { cutObjects } from './cut-objects.ts';
import { answersOfObjects } from './object-answers.ts';
import { plainData } from './plain-data.ts';
import { runSteps, type Steps } from './steps.ts';
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

/** A tree is read in one go, at about 100 MB/s as JSON, while the service waits. */
const maxTreeLength = 8 * 1024 * 1024;
/** What the objects of a saved file may be when unpacked, in bytes. */
const maxInflated = 128 * 1024 * 1024;
const inflateOptions = { maxOutputLength: maxInflated };
const inflate = promisify(inflateRaw);

/** @throws SuiteError CONFIG_INVALID, FILE_TOO_LARGE. */
export function parseAnswers(text: string, options: ParseOptions): Answers {
  return runSteps(answersInSteps(text, options));
}

/** The same; objects are taken one by one, a tree in one go. @throws SuiteError CONFIG_INVALID, FILE_TOO_LARGE. */
export function* answersInSteps(text: string, options: ParseOptions): Steps<Answers> {
  const { path, form, version } = options;
  if (text.trim() === '') throw invalid(path, 'it is empty', 'write {} into it if no answers are meant');
  const objects = form === 'tree' ? undefined : yield* readObjects(text, path);
  if (objects) return yield* answersOfObjects(objects, version);
  if (form === 'objects') throw invalid(path, 'it holds no objects with a metadata_kind');
  if (text.length > maxTreeLength) {
    throw new SuiteError('FILE_TOO_LARGE', `read ${path}: a tree of more than ${maxTreeLength} characters`);
  }
  const whole = isJson(text) ? tryJson(text) : undefined;
  const value = plainData(whole ?? options.parseYaml(text, path), path);
  if (value === null) return noAnswers;
  if (!isMap(value)) throw invalid(path, 'it is no map of versions');
  return answersOfTree(value);
}

/**
 * The text of a saved file as the stream that is packed in it (unpacked beside the loop), any other text as it is. A saved file
 * is known by its beginning, so that nothing else is read twice. @throws SuiteError CONFIG_INVALID.
 */
export async function unpackedAnswers(text: string, path: string): Promise<string> {
  const packed = /^\s*\{\s*"(Version|Data)"\s*:\s*"/.test(text) ? packedIn(tryJson(text)) : undefined;
  if (packed === undefined) return text;
  try {
    return (await inflate(Buffer.from(packed, 'base64'), inflateOptions)).toString('utf8');
  } catch (error) {
    throw notUnpacked(path, error);
  }
}

function packedIn(whole: object | undefined): string | undefined {
  const { Version, Data } = (whole ?? {}) as { Version?: unknown; Data?: unknown };
  return typeof Version === 'string' && typeof Data === 'string' ? Data : undefined;
}

/** The objects of a stream or of a saved file; undefined if the text is neither. */
function* readObjects(text: string, path: string): Steps<TreeMap[] | undefined> {
  if (!isJson(text)) return undefined;
  const whole = text.length <= maxTreeLength ? tryJson(text) : undefined;
  const packed = packedIn(whole);
  if (packed !== undefined) return yield* streamOf(unpack(packed, path), path);
  // Not one value: several, unless it is YAML or broken.
  const one = whole ?? tryJson(firstObject(text.slice(0, maxTreeLength)));
  return one !== undefined && Object.hasOwn(one, 'metadata_kind') ? yield* streamOf(text, path) : undefined;
}

function firstObject(text: string): string {
  try {
    return cutObjects(text).next().value ?? '';
  } catch {
    return ''; // no end to it: YAML, or broken as YAML will say
  }
}

function* streamOf(text: string, path: string): Steps<TreeMap[]> {
  const objects: TreeMap[] = [];
  try {
    for (const part of cutObjects(text)) {
      const value = tryJson(part);
      if (value === undefined) throw invalid(path, `object ${objects.length + 1} is not JSON`);
      const checked: TreeValue = plainData(value, path);
      if (isMap(checked)) objects.push(checked);
      yield;
    }
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(path, `behind object ${objects.length}: ${error.message}`);
    throw error;
  }
  return objects;
}

function unpack(data: string, path: string): string {
  try {
    return inflateRawSync(Buffer.from(data, 'base64'), inflateOptions).toString('utf8');
  } catch (error) {
    throw notUnpacked(path, error);
  }
}

function notUnpacked(path: string, error: unknown): SuiteError {
  const tooLong = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
  return invalid(
    path,
    tooLong ? `its Data holds more than ${maxInflated} bytes` : 'its Data is not base64 of raw deflate',
  );
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
