// Pure: replies to a runtime. stdout holds the JSON and nothing else.
import type { CniReply } from '../api.ts';
import { errorReply } from './errors.ts';
import { parseObject } from './json.ts';

export const done: CniReply = { exitCode: 0, stdout: '', stderr: '' };

export function succeed(value: object): CniReply {
  return { exitCode: 0, stdout: `${JSON.stringify(value, null, 2)}\n`, stderr: '' };
}

/** The failure in the version of the request, as far as that can still be read from it. */
export function fail(error: unknown, stdin: string): CniReply {
  const reply = errorReply(error, versionIn(stdin));
  const stderr = `${reply.msg}${reply.details ? ` (${reply.details})` : ''}\n`;
  return { exitCode: 1, stdout: `${JSON.stringify(reply, null, 2)}\n`, stderr };
}

function versionIn(stdin: string): string | undefined {
  const version = parseObject(stdin)?.cniVersion;
  return typeof version === 'string' ? version.slice(0, 32) : undefined;
}
