// Pure: what the supervisor tells of its daemons, to programs (`/v1/status`) and as its own health.
import type { Condition, Health, HealthReport } from '../shared/daemon/health.ts';
import type { DaemonName } from '../shared/model/paths.ts';
import type { Child, Phase } from './child.ts';
import type { ProcessFacts } from './processes.ts';

/** `ready`, `degraded` and `unready` are the daemon's own words; the others say why it has none. */
export type DaemonState = HealthReport['state'] | Exclude<Phase, 'probing' | 'alive'> | 'absent';

export interface DaemonStatus {
  readonly name: DaemonName;
  readonly state: DaemonState;
  readonly ready: boolean;
  readonly conditions: readonly Condition[];
  readonly pid: number | null;
  /** Seconds since the process began. */
  readonly uptime: number | null;
  readonly restarts: number;
  /** How it ended last: `was killed by SIGKILL`. */
  readonly lastEnd: string | null;
  /** Bytes. */
  readonly rss: number | null;
  readonly pss: number | null;
  /** Percent of one core over the last ten seconds; null where nobody measured that long. */
  readonly cpuPercent: number | null;
  /** Since the process began. */
  readonly cpuSeconds: number | null;
  readonly version: string | null;
}

export interface SuiteStatus {
  /** The worst of the daemons'. */
  readonly state: HealthReport['state'];
  readonly version: string;
  /** Null when no supervisor told it. */
  readonly launcher: 'process' | 'docker' | 'none' | null;
  /** The supervisor comes last. */
  readonly daemons: readonly DaemonStatus[];
}

/** What is known about a daemon at one moment. */
export interface Known {
  readonly name: DaemonName;
  readonly child: Child;
  readonly health: HealthReport | undefined;
  readonly version: string | undefined;
  /** Where its log is, for people. */
  readonly log: string;
}

export function stateOf(known: Pick<Known, 'child' | 'health'>): DaemonState {
  const { phase } = known.child;
  if (phase === 'probing') return 'absent';
  return phase === 'alive' ? (known.health?.state ?? 'starting') : phase;
}

export function isReady(state: DaemonState): boolean {
  return state === 'ready' || state === 'degraded';
}

export function describeDaemon(
  known: Known,
  facts: ProcessFacts | undefined,
  cpuPercent: number | null = null,
): DaemonStatus {
  const state = stateOf(known);
  return {
    name: known.name,
    state,
    ready: isReady(state),
    conditions: known.child.phase === 'alive' && known.health ? known.health.conditions : [processCondition(known)],
    pid: known.child.process?.pid ?? known.child.launched?.pid ?? null,
    uptime: facts?.uptime ?? null,
    restarts: known.child.restarts,
    lastEnd: known.child.lastEnd ?? null,
    rss: facts?.rss ?? null,
    pss: facts?.pss ?? null,
    cpuPercent: facts ? cpuPercent : null,
    cpuSeconds: facts?.cpuSeconds ?? null,
    version: known.version ?? null,
  };
}

const phaseTexts: Readonly<Record<Phase, string>> = {
  probing: 'does not run',
  starting: 'starts',
  alive: 'starts',
  silent: 'gives no sign of life',
  backoff: 'waits for its next start',
  stopping: 'stops',
  stopped: 'is stopped',
};

/** Stands for the conditions that a daemon without a voice cannot tell. */
function processCondition(known: Known): Condition {
  const { child } = known;
  // The same words while it starts and while it waits: a daemon that cannot start would else seem to change all the time.
  const returns = child.lastEnd !== undefined && ['starting', 'backoff', 'alive'].includes(child.phase);
  return {
    name: 'process',
    ok: false,
    degradesOnly: false,
    code: child.phase === 'silent' ? 'DEADLINE' : 'NOT_RUNNING',
    text: returns ? `${child.lastEnd}; it is started again` : phaseTexts[child.phase],
    hint: `its log: ${known.log}`,
  };
}

/** The suite is as ready as its least ready daemon. */
export function worstOf(states: readonly DaemonState[]): HealthReport['state'] {
  if (states.length === 0 || !states.every(isReady)) return 'unready';
  return states.includes('degraded') ? 'degraded' : 'ready';
}

/** The supervisor's own conditions: one a daemon, named as it. */
export function conditionOf(status: DaemonStatus): Parameters<Health['set']>[1] {
  const failing = status.conditions.find((condition) => !condition.ok);
  return {
    ok: status.state === 'ready',
    text: failing ? `${status.state}: ${failing.text}` : status.state,
    degradesOnly: status.state === 'degraded',
    ...(failing?.code ? { code: failing.code } : {}),
    hint: failing?.hint,
  };
}
