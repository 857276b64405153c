// One request to a daemon's unix socket, with a deadline and a bound on the answer.
import { request } from 'node:http';
import { patience } from '../effects/patience.ts';
import { fittingSocketPath } from '../effects/socket-path.ts';
import { type ErrorCode, errorCodes, SuiteError } from '../model/errors.ts';

export interface CallOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, in place of `body`: JSON, one object a line. */
  readonly lines?: string;
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A longer answer is refused. */
  readonly maxBytes?: number;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

const usualMaxBytes = 64 * 1024 * 1024;

/** The raw answer; a socket where nobody listens is NOT_RUNNING. */
export async function callRaw(socketPath: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const body = options.lines ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  const timeoutMs = (options.timeoutMs ?? 5_000) * patience;
  const maxBytes = options.maxBytes ?? usualMaxBytes;
  const target = reachable(socketPath);
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => reject(unreachable(socketPath, cause));
    const signal = AbortSignal.timeout(timeoutMs);
    const method = options.method ?? (body === undefined ? 'GET' : 'POST');
    const type = options.lines === undefined ? 'application/json' : 'application/x-ndjson';
    // Node.js frames the body of a DELETE only when its length is given.
    const framing = body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) };
    const headers = { ...options.headers, ...framing };
    const outgoing = request({ socketPath: target, path, method, headers, signal, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxBytes) incoming.destroy(new SuiteError('PROTOCOL', `read ${path}: more than ${maxBytes} bytes`));
        else chunks.push(chunk);
      });
      incoming.on('error', fail);
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    outgoing.on('error', fail);
    outgoing.end(body);
  });
}

/** The answer's JSON; an error answer is thrown as the SuiteError that the daemon meant. */
export async function callJson<T>(socketPath: string, path: string, options: CallOptions = {}): Promise<T> {
  const answer = await callRaw(socketPath, path, options);
  if (answer.status >= 400) throw answerError(answer, path);
  return parseAnswer(answer.text, path) as T;
}

/** The error that an answer of status 400 and above stands for; `attempted` serves where the daemon gave no reason. */
export function answerError(answer: Answer, attempted: string): SuiteError {
  let value: unknown;
  try {
    value = JSON.parse(answer.text);
  } catch {
    value = undefined; // an error page of whatever kind: its status tells enough
  }
  return errorOf(value, `${attempted}: answered ${answer.status}`);
}

function parseAnswer(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SuiteError('PROTOCOL', `read ${path}: an answer that is not JSON`, { cause });
  }
}

function errorOf(value: unknown, fallback: string): SuiteError {
  const { code, message, hint } = (value ?? {}) as { code?: unknown; message?: unknown; hint?: unknown };
  const known = errorCodes.includes(code as ErrorCode) ? (code as ErrorCode) : 'INTERNAL';
  return new SuiteError(
    known,
    typeof message === 'string' ? message : fallback,
    typeof hint === 'string' ? { hint } : {},
  );
}

function unreachable(socketPath: string, cause: unknown): SuiteError {
  if (cause instanceof SuiteError) return cause;
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    return new SuiteError('NOT_RUNNING', `connect to ${socketPath}`, {
      cause,
      hint: 'is the suite up? see corral status',
    });
  }
  if (code === 'EACCES') {
    return new SuiteError('NOT_ROOT', `connect to ${socketPath}`, { cause, hint: 'run the command as root' });
  }
  if ((cause as Error).name === 'TimeoutError' || (cause as Error).name === 'AbortError') {
    return new SuiteError('DEADLINE', `wait for an answer on ${socketPath}`, { cause });
  }
  return new SuiteError('NOT_RUNNING', `talk to ${socketPath}: ${code ?? (cause as Error).message}`, { cause });
}

/** The directory of a long path must exist to be named; without it nobody listens there. */
function reachable(socketPath: string): string {
  try {
    return fittingSocketPath(socketPath);
  } catch (cause) {
    throw unreachable(socketPath, cause);
  }
}
