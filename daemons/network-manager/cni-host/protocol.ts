// Pure: what is said on cni.sock. The daemon speaks first, so that a caller knows at once whether anybody is there; then one
// request and one reply, and the daemon closes. Lengths in bytes stand before the texts, so that the shim (in C) needs no
// parser; words that a later version adds to a first line are ignored.
//
//   daemon   corral-cni 1
//   shim     request <pid> <environment> <stdin>      then the environment (each variable ends with NUL), then stdin
//   daemon   reply <exit code> <stdout> <stderr>      then both texts
import type { CniReply } from '../../../cni-plugins/library.ts';
import { SuiteError } from '../../shared/model/errors.ts';

export const greeting = 'corral-cni 1\n';

/** What the shim sends at most: 1 MiB of configuration, 256 KiB of environment. */
export const maxRequestBytes = (1 << 20) + (1 << 18) + 100;

/** The variable by which the shim names the program that was called. */
const programVariable = 'CORRAL_CNI_PROGRAM';

export interface ShimRequest {
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  /** The caller's pid as it sees itself. */
  readonly pid: number;
  /** The name by which the plugin was called. */
  readonly program: string | undefined;
}

/** Collects a request that arrives in pieces. */
export class RequestReader {
  #bytes: Buffer = Buffer.alloc(0);
  #head: { pid: number; from: number; envEnd: number; end: number } | undefined;

  /** The request, once all of it is there; what follows it is ignored. Throws PROTOCOL for what is no request. */
  push(chunk: Buffer): ShimRequest | undefined {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    this.#head ??= this.#parseHead();
    if (!this.#head || this.#bytes.length < this.#head.end) return undefined;
    const { pid, from, envEnd, end } = this.#head;
    const { [programVariable]: program, ...env } = parseVariables(this.#bytes.toString('utf8', from, envEnd));
    return { env, stdin: this.#bytes.toString('utf8', envEnd, end), pid, program: program || undefined };
  }

  #parseHead(): { pid: number; from: number; envEnd: number; end: number } | undefined {
    const newline = this.#bytes.subarray(0, 100).indexOf(0x0a);
    if (newline < 0) {
      if (this.#bytes.length >= 100) throw new SuiteError('PROTOCOL', 'read a CNI request without a first line');
      return undefined;
    }
    const match = /^request (\d{1,10}) (\d{1,7}) (\d{1,7})( |$)/.exec(this.#bytes.toString('latin1', 0, newline));
    const [pid = 0, env = 0, stdin = 0] = match?.slice(1, 4).map(Number) ?? [];
    const from = newline + 1;
    if (!match || from + env + stdin > maxRequestBytes) {
      throw new SuiteError('PROTOCOL', 'read a CNI request whose first line makes no sense');
    }
    return { pid, from, envEnd: from + env, end: from + env + stdin };
  }
}

export function renderReply(reply: CniReply): string {
  const { exitCode, stdout, stderr } = reply;
  return `reply ${exitCode} ${Buffer.byteLength(stdout)} ${Buffer.byteLength(stderr)}\n${stdout}${stderr}`;
}

/** A CNI error reply of ours (specification 1.1.0, section 5); code 11 tells the runtime to try again. */
export function errorReplyFor(error: SuiteError, cniCode: number): CniReply {
  const body = { cniVersion: '1.1.0', code: cniCode, msg: `${error.code}: ${error.message}` };
  return { exitCode: 1, stdout: `${JSON.stringify(body)}\n`, stderr: `${body.msg}\n` };
}

function parseVariables(text: string): Record<string, string> {
  const entries = text.split('\0').filter((entry) => entry.indexOf('=') > 0);
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.indexOf('=');
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}
