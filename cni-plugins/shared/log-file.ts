// `logToFile` of Rancher's plugins: one line for each call, at the end of a file.
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import type { CniReply } from '../api.ts';
import { isObject, type JsonObject, textOf } from './json.ts';

/** Then the file is put aside under the name with `.1`, in place of the one before. */
const maxBytes = 8 << 20;

export interface LoggedCall {
  readonly config: JsonObject;
  readonly verb: string;
  readonly program: string;
  /** Of the attachment; '' for verbs about a network. */
  readonly subject: string;
  readonly reply: CniReply;
  /** Before the path, `/proc/<pid>/root`. */
  readonly callerRoot: string;
}

/** Writes the line if the configuration asks for it. A log that cannot be written fails no call. */
export function logCall(call: LoggedCall, now: Date): void {
  const path = textOf(call.config.logToFile, 4096);
  if (!path?.startsWith('/')) return;
  try {
    append(`${call.callerRoot}${path}`, lineOf(call, now));
  } catch {
    // The runtime has the answer; it is only this copy that is lost.
  }
}

function lineOf({ config, verb, program, subject, reply }: LoggedCall, now: Date): string {
  const failed = reply.exitCode !== 0;
  const fields = {
    time: now.toISOString(),
    level: failed ? 'error' : 'info',
    program,
    verb,
    network: config.name,
    ...(subject !== '' && { subject }),
    ...(failed && { error: reply.stderr.trim() }),
    ...(isDebug(config) && { config, result: reply.stdout }),
  };
  return `${JSON.stringify(fields)}\n`;
}

/** `isDebugLevel`, of the plugin or of its IPAM part: the configuration and the result go into the log too. */
function isDebug(config: JsonObject): boolean {
  const ipam = isObject(config.ipam) ? config.ipam : {};
  return [config.isDebugLevel, ipam.isDebugLevel].some((flag) => flag === true || flag === 'true');
}

function append(path: string, line: string): void {
  const fd = openSync(path, 'a', 0o600);
  try {
    writeSync(fd, line);
    if (fstatSync(fd).size > maxBytes) renameSync(path, `${path}.1`);
  } finally {
    closeSync(fd);
  }
}
