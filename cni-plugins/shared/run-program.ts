// Runs another CNI plugin. Not by execa, which takes longer to load than an ADD may last.
import { SuiteError } from '../../daemons/shared/model/errors.ts';

export interface ProgramRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  /** The beginning of it. */
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
}

const usualTimeoutMs = 30_000;
const usualMaxBytes = 1 << 20;
const maxStderr = 4_096;

/**
 * Runs a program in a process group of its own, which is killed whole at the deadline or when it says too much.
 * @throws SuiteError COMMAND_MISSING, COMMAND_TIMEOUT, or COMMAND_FAILED above `maxBytes`.
 */
export async function runProgram(path: string, options: ProgramOptions): Promise<ProgramRun> {
  const { spawn } = await import('node:child_process'); // 3 ms that only a delegating network pays
  const { timeoutMs = usualTimeoutMs, maxBytes = usualMaxBytes } = options;
  const child = spawn(path, [], { env: options.env, cwd: '/', stdio: 'pipe', detached: true });
  const { promise, resolve, reject } = Promise.withResolvers<ProgramRun>();
  const stdout: Buffer[] = [];
  let [length, stderr] = [0, ''];
  const stop = (error: SuiteError): void => {
    killGroup(child.pid);
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    reject(error);
  };
  const timer = setTimeout(() => {
    stop(new SuiteError('COMMAND_TIMEOUT', `run ${path}: no end after ${timeoutMs} ms`));
  }, timeoutMs);
  child.stdout.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > maxBytes) stop(new SuiteError('COMMAND_FAILED', `run ${path}: it wrote more than ${maxBytes} bytes`));
    else stdout.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < maxStderr) stderr += chunk.toString('utf8').slice(0, maxStderr);
  });
  child.stdin.on('error', () => undefined); // it may end without reading
  child.stdin.end(options.stdin);
  child.on('error', (cause) => reject(new SuiteError('COMMAND_MISSING', `run ${path}: ${cause.message}`, { cause })));
  child.on('close', (code, signal) =>
    resolve({ code, signal, stdout: Buffer.concat(stdout).toString('utf8'), stderr }),
  );
  return await promise.finally(() => clearTimeout(timer));
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it ended meanwhile
  }
}
