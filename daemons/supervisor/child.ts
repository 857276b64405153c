// Pure: what the supervisor knows about one daemon, what it can see of it and what it can do to it.
import type { ProcessId } from '../shared/effects/processes.ts';

export type { ProcessId };

export type Phase =
  /** Nothing is known yet: it may run since before this supervisor. */
  | 'probing'
  | 'starting'
  | 'alive'
  /** Without a sign of life for too long; killed, its end awaited. */
  | 'silent'
  /** Died; the next start waits. */
  | 'backoff'
  | 'stopping'
  | 'stopped';

export interface Child {
  readonly phase: Phase;
  /** When the phase began. All times are monotonic ms. */
  readonly sinceMs: number;
  readonly heardMs: number;
  /** Since when it gives signs of life without a death in between. */
  readonly aliveSinceMs: number | undefined;
  /** The process behind the socket. */
  readonly process: ProcessId | undefined;
  /** The process that this supervisor started last, until its end. */
  readonly launched: ProcessId | undefined;
  /** Starts after an end. */
  readonly restarts: number;
  /** Deaths in a row without a steady life before. */
  readonly failures: number;
  readonly retryMs: number;
  /** While it stops: it is started again when it has ended. */
  readonly again: boolean;
  /** How it ended last, for people. */
  readonly lastEnd: string | undefined;
}

export type Sight =
  /** Nobody listens on its socket. */
  | { readonly saw: 'nobody' }
  | { readonly saw: 'connected'; readonly process: ProcessId }
  | { readonly saw: 'hello'; readonly process: ProcessId }
  | { readonly saw: 'beat' }
  | { readonly saw: 'launched'; readonly process: ProcessId }
  /** The process is no more, or none could be made. */
  | { readonly saw: 'end'; readonly process: ProcessId | undefined; readonly how: string }
  /** A regular look; `lateMs` is how long after its time, since the supervisor itself was stopped or busy. */
  | { readonly saw: 'tick'; readonly lateMs: number }
  /** A person wants it to be another process. */
  | { readonly saw: 'restart' }
  | { readonly saw: 'stop' };

export type Step =
  | { readonly do: 'launch' }
  | { readonly do: 'signal'; readonly process: ProcessId; readonly signal: 'SIGTERM' | 'SIGKILL' };

export interface Limits {
  /** No sign of life for this long: killed. */
  readonly silenceMs: number;
  /** From the start of the process to its first sign of life. */
  readonly startMs: number;
  /** Who has lived this long is started again at once, however often it dies. */
  readonly steadyMs: number;
  /** From SIGTERM to SIGKILL. */
  readonly stopMs: number;
  /** Somebody else starts and ends the daemons. */
  readonly observeOnly: boolean;
}

export const usualLimits: Limits = {
  silenceMs: 15_000,
  startMs: 15_000,
  steadyMs: 1_000,
  stopMs: 6_000,
  observeOnly: false,
};

/** The same for a machine that is slower by the factor. */
export function relaxed(limits: Limits, factor: number): Limits {
  const { silenceMs, startMs, stopMs } = limits;
  return { ...limits, silenceMs: silenceMs * factor, startMs: startMs * factor, stopMs: stopMs * factor };
}

export interface Moment {
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: number;
}

export interface Decision {
  readonly child: Child;
  readonly steps: readonly Step[];
}

export function newChild(nowMs: number): Child {
  return {
    phase: 'probing',
    sinceMs: nowMs,
    heardMs: nowMs,
    aliveSinceMs: undefined,
    process: undefined,
    launched: undefined,
    restarts: 0,
    failures: 0,
    retryMs: 0,
    again: false,
    lastEnd: undefined,
  };
}

export function sameProcess(a: ProcessId | undefined, b: ProcessId | undefined): boolean {
  return a !== undefined && b !== undefined && a.pid === b.pid && a.startTicks === b.startTicks;
}
