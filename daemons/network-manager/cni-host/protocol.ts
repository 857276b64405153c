// Pure: what is said on cni.sock. The daemon speaks first, so that a caller knows at once whether anybody is there; then one
// request and one reply, a line of JSON each, and the daemon closes.
import type { CniReply } from '../../../cni-plugins/library.ts';
import { SuiteError } from '../../shared/model/errors.ts';

export const greeting = `${JSON.stringify({ hello: 'corral-cni', proto: 1 })}\n`;

/** The plugins' own bound on a configuration, and the environment beside it. */
export const maxRequestBytes = 1 << 20;

export interface ShimRequest {
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  /** The caller's pid as it sees itself; used only when the kernel does not tell. */
  readonly pid: number;
  /** The name by which the plugin was called. */
  readonly program: string | undefined;
}

/** Throws PROTOCOL for what is no request. */
export function parseRequest(line: string): ShimRequest {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new SuiteError('PROTOCOL', 'read a CNI request that is not JSON', { cause });
  }
  const { env, stdin, pid, program } = (value ?? {}) as Record<string, unknown>;
  if (!isTextMap(env) || typeof stdin !== 'string' || !Number.isSafeInteger(pid) || (pid as number) < 0) {
    throw new SuiteError('PROTOCOL', 'read a CNI request without env, stdin or pid');
  }
  if (program !== undefined && typeof program !== 'string') {
    throw new SuiteError('PROTOCOL', 'read a CNI request whose program is no text');
  }
  return { env, stdin, pid: pid as number, program: program || undefined };
}

export function renderReply(reply: CniReply): string {
  return `${JSON.stringify(reply)}\n`;
}

/** A CNI error reply of ours (specification 1.1.0, section 5); code 11 tells the runtime to try again. */
export function errorReplyFor(error: SuiteError, cniCode: number): CniReply {
  const body = { cniVersion: '1.1.0', code: cniCode, msg: `${error.code}: ${error.message}` };
  return { exitCode: 1, stdout: `${JSON.stringify(body)}\n`, stderr: `${body.msg}\n` };
}

function isTextMap(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((text) => typeof text === 'string');
}
