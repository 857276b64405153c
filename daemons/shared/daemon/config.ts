// Reads the configuration: corral.yaml, then CORRAL_* from the environment, validated whole. One error names one fault.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { z } from 'zod';
import { SuiteError } from '../model/errors.ts';
import { faultOf } from './config-checks.ts';
import { keysAt } from './config-keys.ts';
import { type Config, configSchema } from './config-schema.ts';
import { nearest } from './nearest.ts';

export type { Config, NetworkConfig } from './config-schema.ts';

type Tree = { [key: string]: unknown };
type Environment = Readonly<Record<string, string | undefined>>;

const maxFileBytes = 1024 * 1024;
/** Variables of a process, which are no keys of the file. */
const notKeys = new Set(['CORRAL_ROOT', 'CORRAL_CONFIG', 'CORRAL_PATIENCE', 'CORRAL_PROC_SYS', 'CORRAL_LAB_COMMAND']);

/** The configuration of this process. A missing file is an empty one unless CORRAL_CONFIG names it. */
export function loadConfig(path: string, environment: Environment): Config {
  const text = readConfigFile(path, Boolean(environment.CORRAL_CONFIG));
  return parseConfig(text, environment, path);
}

/** Pure but for its caller: text and environment in, configuration or one coded error out. */
export function parseConfig(text: string, environment: Environment, path: string): Config {
  const tree = parseTree(text, path);
  for (const [name, value] of Object.entries(environment)) {
    if (name.startsWith('CORRAL_') && !notKeys.has(name) && value !== undefined) override(tree, name, value);
  }
  const parsed = configSchema.safeParse(tree);
  if (!parsed.success) throw explain(firstCause(parsed.error.issues), path);
  const fault = faultOf(parsed.data);
  if (fault) throw new SuiteError('CONFIG_INVALID', `read ${path}: ${fault.key}: ${fault.text}`, { hint: fault.hint });
  return parsed.data;
}

function readConfigFile(path: string, mustExist: boolean): string {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length > maxFileBytes)
      throw new SuiteError('CONFIG_INVALID', `read ${path}: more than ${maxFileBytes} bytes`);
    return text;
  } catch (error) {
    if (error instanceof SuiteError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' && !mustExist) return '';
    throw new SuiteError('CONFIG_UNREADABLE', `read ${path}: ${code}`, {
      cause: error,
      hint: 'check CORRAL_CONFIG and the file mode',
    });
  }
}

function parseTree(text: string, path: string): Tree {
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 100 });
  } catch (cause) {
    const reason = (cause as Error).message.split('\n')[0];
    // Without the cause, whose text shows lines of the file: there may be a token in them.
    throw new SuiteError('CONFIG_INVALID', `read ${path}: ${reason}`, { hint: 'the file is YAML' });
  }
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new SuiteError('CONFIG_INVALID', `read ${path}: not a map of keys`);
  return value as Tree;
}

/** CORRAL_DNS_TTL=5 sets dns.ttl; the value is read as YAML, so lists and maps work too. */
function override(tree: Tree, variable: string, value: string): void {
  const path = variablePaths().get(variable);
  if (!path) {
    throw new SuiteError('CONFIG_UNKNOWN_KEY', `use the environment variable ${variable}`, {
      hint: `${meant(variable, [...variablePaths().keys()])}The variables are listed in docs/configuration.md`,
    });
  }
  let at = tree;
  for (const key of path.slice(0, -1)) {
    const next = at[key];
    at[key] = typeof next === 'object' && next !== null ? next : {};
    at = at[key] as Tree;
  }
  try {
    at[path.at(-1)!] = parse(value);
  } catch (cause) {
    const reason = (cause as Error).message.split('\n')[0];
    throw new SuiteError('CONFIG_INVALID', `read the environment variable ${variable}: ${reason}`, {
      hint: 'its value is read as YAML',
    });
  }
}

let knownVariables: Map<string, string[]> | undefined;

/** Every variable and the key it sets, two levels deep at most. */
export function variablePaths(): ReadonlyMap<string, string[]> {
  knownVariables ??= new Map(keyPaths().map((path) => [variableOf(path), path]));
  return knownVariables;
}

function keyPaths(): string[][] {
  const defaults = configSchema.parse({}) as Tree;
  return Object.keys(configSchema.shape).flatMap((key) => {
    const inner = innerKeys(defaults[key], key);
    return inner.length > 0 ? inner.map((name) => [key, name]) : [[key]];
  });
}

function innerKeys(value: unknown, key: string): string[] {
  if (key === 'host') return ['name', 'agentIp', 'labels'];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}

function variableOf(path: readonly string[]): string {
  return `CORRAL_${path.map((key) => key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()).join('_')}`;
}

/** A misspelt key also counts as missing; its name is what helps. */
function firstCause(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue {
  return issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]!;
}

function explain(issue: z.core.$ZodIssue, path: string): SuiteError {
  const where = issue.path.length > 0 ? issue.path.join('.') : 'the top level';
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!;
    const known = keysAt(configSchema, issue.path);
    return new SuiteError('CONFIG_UNKNOWN_KEY', `read ${path}: unknown key ${[...issue.path, key].join('.')}`, {
      hint: `${meant(key, known)}Known here: ${known.join(', ')}`,
    });
  }
  return new SuiteError('CONFIG_INVALID', `read ${path}: ${where}: ${issue.message}`, {
    hint: 'correct the value and start again',
  });
}

function meant(word: string, known: readonly string[]): string {
  const guess = nearest(word, known);
  return guess === undefined ? '' : `did you mean ${guess}? `;
}
