// One pino for the process: JSON lines, written synchronously, because an asynchronous transport
// loses its last lines in a crash; keys and tokens are never written.
import { type Logger, pino, stdTimeFunctions } from 'pino';
import type { DaemonName } from '../model/paths.ts';
import type { LogLevel } from './log-levels.ts';

export type { Logger };

const secrets = ['token', 'secret', 'password', 'privateKey', 'psk', 'key'];

/** `fd` is where the lines go: the standard output, unless the terminal belongs to a person. */
export function makeLog(daemon: DaemonName, level: LogLevel, fd = 1): Logger {
  return pino(
    {
      level,
      base: { daemon, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      redact: { paths: secrets.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
      formatters: { level: (name) => ({ level: name }) },
      serializers: { error: describeError },
    },
    pino.destination({ dest: fd, sync: true }),
  );
}

/** Errors as code, text and cause; stacks only for what has no code, since a coded error names its own reason. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const code = (error as { code?: unknown }).code;
  const cause = error.cause instanceof Error ? error.cause.message : error.cause;
  return { code, text: error.message, cause, stack: typeof code === 'string' ? undefined : error.stack };
}
