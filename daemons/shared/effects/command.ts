// Other programs: arguments as a list, no shell, texts in English, a deadline, a bound on the output. The only importer
// of execa, which is loaded with the first command, since that takes 80 ms that most processes never need.
import { SuiteError } from '../model/errors.ts';
import { patience } from './patience.ts';

export interface CommandOptions {
  readonly input?: string;
  /** Default 10 s. Then the program and all that it started are killed. */
  readonly timeoutMs?: number;
  /** Exit codes that are no failure, default 0 alone. */
  readonly okCodes?: readonly number[];
  /** Most bytes of output (stdout and stderr each), default 4 MiB. */
  readonly maxBytes?: number;
  /** Added to this process' environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How code that runs programs takes this function, so that a test can stand in for the programs. */
export type Run = (command: string, args: readonly string[], options?: CommandOptions) => Promise<CommandResult>;

/**
 * Runs a program to its end.
 * @throws SuiteError COMMAND_MISSING, COMMAND_TIMEOUT, or COMMAND_FAILED with the first lines of stderr.
 */
export const run: Run = async (command, args, options = {}) => {
  const { execa } = await import('execa');
  const timeoutMs = (options.timeoutMs ?? 10_000) * patience;
  const child = execa(command, args, {
    input: options.input ?? '',
    env: { ...options.env, LC_ALL: 'C' },
    maxBuffer: options.maxBytes ?? 4 << 20,
    stripFinalNewline: false,
    reject: false,
    detached: true, // a process group of its own, so that its children can be killed with it
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    killGroup(child.pid);
  }, timeoutMs);
  const result = await child;
  clearTimeout(timer);
  if (result.isMaxBuffer) killGroup(child.pid);
  const attempted = `run ${[command, ...args].join(' ').slice(0, 200)}`;
  if (late) throw new SuiteError('COMMAND_TIMEOUT', `${attempted}: not done in ${timeoutMs} ms`);
  if (result.code === 'ENOENT') {
    throw new SuiteError('COMMAND_MISSING', attempted, { hint: `is ${command} installed and in PATH?` });
  }
  const code = result.exitCode;
  if (code === undefined || result.isMaxBuffer || !(options.okCodes ?? [0]).includes(code)) {
    throw new SuiteError('COMMAND_FAILED', `${attempted}: ${whyFailed(result)}`);
  }
  return { code, stdout: result.stdout, stderr: result.stderr };
};

interface Ending {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly isMaxBuffer: boolean;
  readonly stderr: string;
  readonly code?: string | undefined;
}

function whyFailed(ending: Ending): string {
  const said = ending.stderr.split('\n').filter((line) => line.trim() !== '');
  const lines = said.slice(0, 3).join('; ').slice(0, 500);
  if (ending.isMaxBuffer) return 'too much output';
  const end =
    ending.exitCode === undefined ? (ending.signal ?? ending.code ?? 'not started') : `exit code ${ending.exitCode}`;
  return lines ? `${end}: ${lines}` : end;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself meanwhile.
  }
}
