// Pure: how a program of Corral ends, for scripts that call it.
import { hasCode } from '../model/errors.ts';

export const exitCodes = { done: 0, failed: 1, usage: 2, notReady: 3 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** 2 for what the caller must change, 3 for what may be there in a moment, 1 for the rest. */
export function exitCodeOf(error: unknown): ExitCode {
  if (hasCode(error, 'USAGE', 'NOT_ROOT', 'CONFIG_UNREADABLE', 'CONFIG_INVALID', 'CONFIG_UNKNOWN_KEY', 'ROOT_TOO_LONG'))
    return exitCodes.usage;
  return hasCode(error, 'NOT_READY', 'NOT_RUNNING') ? exitCodes.notReady : exitCodes.failed;
}
