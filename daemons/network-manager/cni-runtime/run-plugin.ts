// Runs one plugin and reads its answer. A plugin is a stranger: it may be missing, say garbage, say nothing, or never end.
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, type JsonObject, parseObject } from '../../../cni-plugins/shared/json.ts';
import { type ProgramRun, runProgram } from '../../../cni-plugins/shared/run-program.ts';
import { hasCode, SuiteError } from '../../shared/model/errors.ts';
import { callConfig, callEnvironment, type Subject, type Verb } from './plugin-call.ts';

export interface PluginCall {
  readonly verb: Verb;
  readonly list: Parameters<typeof callConfig>[0];
  readonly plugin: JsonObject;
  readonly prevResult: JsonObject | undefined;
  readonly subject: Subject;
}

export interface PluginSettings {
  /** Folders, the first that has the program counts. */
  readonly path: readonly string[];
  readonly timeoutMs?: number;
}

const usualTimeoutMs = 60_000;

/**
 * What it printed on success: a result after ADD, {} for nothing.
 * @throws SuiteError PLUGIN_MISSING, or PLUGIN_FAILED with its own words.
 */
export async function runPlugin(call: PluginCall, settings: PluginSettings): Promise<JsonObject> {
  const { verb, list, plugin, prevResult, subject } = call;
  const type = String(plugin.type);
  const attempted = `${verb} ${subject.containerId.slice(0, 12)} by ${type} of ${list.name}`;
  const options = {
    env: callEnvironment(verb, subject, settings.path),
    stdin: JSON.stringify(callConfig(list, plugin, prevResult, subject)),
    timeoutMs: settings.timeoutMs ?? usualTimeoutMs,
  };
  let run: ProgramRun;
  try {
    run = await runProgram(findPlugin(type, settings.path), options);
  } catch (cause) {
    if (hasCode(cause, 'PLUGIN_MISSING')) throw cause;
    throw new SuiteError('PLUGIN_FAILED', `${attempted}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  const answer = parseObject(run.stdout);
  if (run.code !== 0) throw new SuiteError('PLUGIN_FAILED', `${attempted}: ${whyFailed(run, answer)}`);
  if (answer) return answer;
  if (run.stdout.trim() === '' && verb !== 'ADD') return {};
  const said = run.stdout.trim() === '' ? 'nothing' : JSON.stringify(run.stdout.slice(0, 120));
  throw new SuiteError('PLUGIN_FAILED', `${attempted}: it answered ${said}, not a result`);
}

function whyFailed(run: ProgramRun, answer: JsonObject | undefined): string {
  if (isObject(answer) && typeof answer.msg === 'string') {
    const details = typeof answer.details === 'string' && answer.details !== '' ? ` (${answer.details})` : '';
    return `${answer.msg}${details}`.slice(0, 600);
  }
  const end = run.signal ? `it was killed by ${run.signal}` : `it ended with ${run.code}`;
  const words = run.stderr.trim().split('\n').slice(0, 3).join('; ').slice(0, 400);
  return words === '' ? end : `${end}: ${words}`;
}

/** @throws SuiteError PLUGIN_MISSING naming where it was looked for. */
export function findPlugin(type: string, path: readonly string[]): string {
  const found = path.map((dir) => join(dir, type)).find(isProgram);
  if (found !== undefined) return found;
  throw new SuiteError('PLUGIN_MISSING', `find the CNI plugin ${type} in ${path.join(', ')}`, {
    hint: 'install it there, or start the container that brings it (label io.rancher.network.cni.binary)',
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
