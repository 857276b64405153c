// Pure: what a runtime passes in the environment (CNI specification 1.1.0, section 2, "Parameters").
import { CniError, cniCodes } from './errors.ts';
import { isContainerId, isIfname, maxContainerId } from './names.ts';
import { parseArgs } from './parse-args.ts';

export const verbs = ['ADD', 'DEL', 'CHECK', 'STATUS', 'GC', 'VERSION'] as const;
export type Verb = (typeof verbs)[number];

/** The verbs about one attachment. */
export type AttachmentVerb = 'ADD' | 'DEL' | 'CHECK';

/** The environment of ADD, DEL and CHECK, checked. */
export interface CniEnvironment {
  readonly verb: AttachmentVerb;
  readonly containerId: string;
  readonly ifname: string;
  /** '' only for DEL. */
  readonly netns: string;
  readonly args: Readonly<Record<string, string>>;
  /** The host's own namespace is meant, and no mistake (CNI_NETNS_OVERRIDE, of the reference plugins). */
  readonly hostNetns: boolean;
  /** Directories in which a delegate is looked for. */
  readonly path: readonly string[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Throws CNI code 4 naming the variable. */
export function parseVerb(env: Environment): Verb {
  const command = env.CNI_COMMAND ?? '';
  const verb = verbs.find((known) => known === command);
  if (verb) return verb;
  const what = command === '' ? 'CNI_COMMAND is missing' : `CNI_COMMAND is ${quote(command)}`;
  throw new CniError(cniCodes.badEnvironment, what, `supported are ${verbs.join(', ')}`);
}

/** Throws CNI code 4, naming every variable that is missing, or the first that is malformed. */
export function parseEnvironment(env: Environment, verb: AttachmentVerb): CniEnvironment {
  requireVariables(env, verb, ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH', ...(verb === 'DEL' ? [] : ['CNI_NETNS'])]);
  const { CNI_CONTAINERID: containerId, CNI_IFNAME: ifname, CNI_NETNS: netns = '', CNI_PATH: path = '' } = env;
  if (!isContainerId(containerId)) {
    const rule = `letters, digits, _ . -, starting with a letter or digit, at most ${maxContainerId}`;
    throw malformed('CNI_CONTAINERID', containerId, rule);
  }
  if (!isIfname(ifname))
    throw malformed('CNI_IFNAME', ifname, '1 to 15 characters, no slash, colon or blank, not . or ..');
  if (netns !== '' && !isAbsolutePath(netns)) throw malformed('CNI_NETNS', netns, 'an absolute path');
  return {
    verb,
    containerId,
    ifname,
    netns,
    args: parseArgs(env.CNI_ARGS ?? ''),
    hostNetns: /^(1|true)$/i.test(env.CNI_NETNS_OVERRIDE ?? ''),
    path: searchPath(path),
  };
}

/** The directories of CNI_PATH for the verbs about a whole network, which need nothing else. Throws CNI code 4. */
export function parsePath(env: Environment, verb: Verb): string[] {
  requireVariables(env, verb, ['CNI_PATH']);
  return searchPath(env.CNI_PATH ?? '');
}

function requireVariables(env: Environment, verb: Verb, names: readonly string[]): void {
  const missing = names.filter((name) => (env[name] ?? '') === '');
  if (missing.length === 0) return;
  const what = `${verb} needs ${missing.join(', ')}`;
  throw new CniError(cniCodes.badEnvironment, what, 'missing or empty in the environment');
}

/** At most 64 directories: each is looked into for a delegate. */
function searchPath(text: string): string[] {
  return text.split(':').filter(isAbsolutePath).slice(0, 64);
}

function isAbsolutePath(text: string): boolean {
  return text.startsWith('/') && text.length <= 4096 && !text.includes('\0');
}

function malformed(name: string, value: string | undefined, rule: string): CniError {
  return new CniError(cniCodes.badEnvironment, `${name} is ${quote(value ?? '')}`, `expected ${rule}`);
}

/** A stranger's text as it may appear in a message. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
