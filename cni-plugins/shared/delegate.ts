// Another IPAM plugin that a configuration names: found in CNI_PATH and called as the specification has it (section 4,
// "Plugin delegation"): same environment, same configuration, and DEL after an ADD that failed.
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { quote, type Verb } from './environment.ts';
import { CniError, cniCodes } from './errors.ts';
import { isObject, type JsonObject } from './json.ts';
import { badConfig, type NetConf } from './parse-config.ts';
import { parseResult } from './parse-result.ts';
import type { CniResult } from './result.ts';
import { runProgram } from './run-program.ts';

/** For runtimes that call with an empty environment. */
const usualPath = '/usr/sbin:/usr/bin:/sbin:/bin';

/** Plugins whose work our own IPAM does. */
const own = new Set(['corral-ipam', 'rancher-cni-ipam', 'rancher-host-local-ipam']);

/** The type of the other IPAM plugin; undefined if ours is meant. Throws CNI code 7 for what cannot be a program's name. */
export function delegateType(config: JsonObject): string | undefined {
  const type = isObject(config.ipam) ? (config.ipam.type ?? '') : '';
  if (type === '' || (typeof type === 'string' && own.has(type))) return undefined;
  if (typeof type === 'string' && type.length <= 128 && /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(type)) return type;
  throw badConfig(`ipam.type is ${quote(String(type))}`, 'expected the name of a plugin');
}

/** What a delegate is called with. */
export interface DelegateCall {
  readonly conf: NetConf;
  readonly path: readonly string[];
  readonly callerRoot: string;
  /** CNI_CONTAINERID and its kind, without CNI_COMMAND and CNI_PATH. */
  readonly env: Readonly<Record<string, string>>;
}

/** The result of ADD. After a failure the caller has to run DEL, since the delegate may have begun something. */
export async function delegateAdd(type: string, call: DelegateCall): Promise<CniResult> {
  const text = await runDelegate(type, 'ADD', call);
  const result = parseResult(parseJson(text));
  if (result) return result;
  throw new CniError(cniCodes.failed, `${type} answered ADD with no result`, quote(text));
}

/** @throws CniError with the delegate's own code and text, SuiteError if it could not be run. Returns its output. */
export async function runDelegate(type: string, verb: Exclude<Verb, 'VERSION'>, call: DelegateCall): Promise<string> {
  const program = findProgram(type, call);
  const { raw, rawPrevResult } = call.conf;
  const stdin = JSON.stringify(rawPrevResult === undefined ? raw : { ...raw, prevResult: rawPrevResult });
  const env = { ...call.env, CNI_COMMAND: verb, CNI_PATH: call.path.join(':'), PATH: process.env.PATH || usualPath };
  const run = await runProgram(program, { env, stdin });
  if (run.code === 0) return run.stdout;
  const reply = parseJson(run.stdout);
  const details = run.stderr.trim().slice(0, 400);
  if (isObject(reply) && typeof reply.code === 'number' && typeof reply.msg === 'string') {
    const more = typeof reply.details === 'string' && reply.details !== '' ? reply.details.slice(0, 400) : details;
    throw new CniError(reply.code, `${type}: ${reply.msg.slice(0, 400)}`, more);
  }
  const how = run.signal ? `was killed by ${run.signal}` : `ended with ${run.code}`;
  throw new CniError(cniCodes.failed, `${type} ${how} at ${verb}`, details);
}

function findProgram(type: string, { path, callerRoot }: DelegateCall): string {
  const program = path.map((dir) => join(`${callerRoot}${dir}`, type)).find(isProgram);
  if (program !== undefined) return program;
  throw badConfig(
    `ipam.type is ${quote(type)}, and there is no such plugin`,
    `looked in ${path.join(', ') || 'no folder'}`,
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
