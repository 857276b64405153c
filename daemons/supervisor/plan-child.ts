// Pure: the life of one supervised daemon. What was seen of it goes in, its next state and the steps to take come out.
//
// A sign of life is a line on the daemon's `/v1/life`, never the mere existence of a process: a process that hangs is as bad
// as none. The same signs count for daemons that this supervisor started and for those that it found running.
import { backoffMs } from '../shared/reconcile/backoff.ts';
import {
  type Child,
  type Decision,
  type Limits,
  type Moment,
  type Phase,
  type ProcessId,
  type Sight,
  type Step,
  sameProcess,
} from './child.ts';

/** A kill that did nothing (a process in the kernel's hands) is repeated after this time. */
const killAgainMs = 2_000;
const crashBackoff = { firstMs: 200, maxMs: 1_000 };
const startBackoff = { firstMs: 200, maxMs: 5_000 };

export function decide(child: Child, sight: Sight, moment: Moment, limits: Limits): Decision {
  switch (sight.saw) {
    case 'nobody':
      return child.phase === 'probing' && !limits.observeOnly ? launch(child, moment) : stay(child);
    case 'connected':
      return stay(onConnected(child, sight.process, moment));
    case 'hello':
      return onHello(child, sight.process, moment);
    case 'beat':
      return stay(onBeat(child, moment, limits));
    case 'launched':
      return stay(onLaunched(child, sight.process, moment));
    case 'end':
      return onEnd(child, sight, moment, limits);
    case 'tick':
      return onTick(discount(child, sight.lateMs), moment, limits);
    case 'restart':
      return onRestart(child, moment, limits);
    case 'stop':
      return onStop(child, moment, limits);
    default: {
      const never: never = sight;
      return never;
    }
  }
}

function stay(child: Child): Decision {
  return { child, steps: [] };
}

function enter(child: Child, phase: Phase, moment: Moment): Child {
  return { ...child, phase, sinceMs: moment.nowMs };
}

function launch(child: Child, moment: Moment): Decision {
  return { child: { ...enter(child, 'starting', moment), process: undefined }, steps: [{ do: 'launch' }] };
}

function relaunch(child: Child, moment: Moment): Decision {
  return launch({ ...child, restarts: child.restarts + 1 }, moment);
}

function kill(child: Child, targets: readonly (ProcessId | undefined)[], moment: Moment): Decision {
  return { child: enter(child, 'silent', moment), steps: signals(targets, 'SIGKILL') };
}

function signals(targets: readonly (ProcessId | undefined)[], signal: 'SIGTERM' | 'SIGKILL'): Step[] {
  const [first, second] = targets;
  const distinct = sameProcess(first, second) ? [first] : [first, second];
  return distinct.filter((process) => process !== undefined).map((process) => ({ do: 'signal', process, signal }));
}

/** An engine may have taken long to make the container; the daemon's own time begins now. */
function onLaunched(child: Child, process: ProcessId, moment: Moment): Child {
  const next = { ...child, launched: process };
  const isAwaited = child.process === undefined && (child.phase === 'starting' || child.phase === 'silent');
  return isAwaited ? enter(next, 'starting', moment) : next;
}

/** A connection alone is no sign of life: the kernel accepts it for a process that hangs. It tells whom to kill, though. */
function onConnected(child: Child, process: ProcessId, moment: Moment): Child {
  if (sameProcess(child.process, process)) return child;
  return { ...child, process, heardMs: moment.nowMs };
}

function onHello(child: Child, process: ProcessId, moment: Moment): Decision {
  if (child.phase === 'stopped') return stay(child);
  if (child.phase === 'stopping') {
    return { child: { ...child, process }, steps: signals([process, undefined], 'SIGTERM') };
  }
  const known = child.aliveSinceMs !== undefined && sameProcess(child.process, process);
  const next = { ...child, process, heardMs: moment.nowMs, aliveSinceMs: known ? child.aliveSinceMs : moment.nowMs };
  return stay(child.phase === 'alive' && known ? next : enter(next, 'alive', moment));
}

/** Whoever only observes has killed nobody: a voice after a silence means that the daemon lives. */
function onBeat(child: Child, moment: Moment, limits: Limits): Child {
  const heard = { ...child, heardMs: moment.nowMs };
  return child.phase === 'silent' && limits.observeOnly ? enter(heard, 'alive', moment) : heard;
}

/** The end of a process that is neither behind the socket nor awaited there (a twin that the lock refused) changes nothing. */
function onEnd(child: Child, end: Sight & { saw: 'end' }, moment: Moment, limits: Limits): Decision {
  const wasLaunched = end.process === undefined || sameProcess(child.launched, end.process);
  const wasServing = sameProcess(child.process, end.process);
  if (!wasLaunched && !wasServing) return stay(child);
  const left: Child = {
    ...child,
    launched: wasLaunched ? undefined : child.launched,
    process: wasServing ? undefined : child.process,
  };
  if (child.phase === 'stopping') {
    if (left.process || left.launched) return stay(left);
    if (!left.again) return stay(enter(left, 'stopped', moment));
    return relaunch({ ...left, again: false, lastEnd: end.how, aliveSinceMs: undefined, failures: 0 }, moment);
  }
  if (child.phase === 'stopped' || left.process || (left.launched && !wasServing)) return stay(left);
  return startAgain({ ...left, lastEnd: end.how }, moment, limits);
}

function startAgain(child: Child, moment: Moment, limits: Limits): Decision {
  const lived = child.aliveSinceMs === undefined ? undefined : moment.nowMs - child.aliveSinceMs;
  const dead = { ...child, aliveSinceMs: undefined };
  if (limits.observeOnly) return stay(enter(dead, 'probing', moment));
  const failures = lived !== undefined && lived >= limits.steadyMs ? 1 : child.failures + 1;
  if (failures === 1) return relaunch({ ...dead, failures }, moment);
  const wait = backoffMs(failures - 1, moment.random, lived === undefined ? startBackoff : crashBackoff);
  return stay({ ...enter(dead, 'backoff', moment), failures, retryMs: moment.nowMs + wait });
}

/** Time in which the supervisor itself stood still is nobody's silence. */
function discount(child: Child, lateMs: number): Child {
  if (lateMs <= 0) return child;
  return { ...child, heardMs: child.heardMs + lateMs, sinceMs: child.sinceMs + lateMs };
}

function onTick(child: Child, moment: Moment, limits: Limits): Decision {
  const inPhase = moment.nowMs - child.sinceMs;
  const unheard = moment.nowMs - child.heardMs;
  switch (child.phase) {
    case 'probing':
      return child.process && unheard > limits.silenceMs ? onSilence(child, moment, limits) : stay(child);
    case 'alive':
      return unheard > limits.silenceMs ? onSilence(child, moment, limits) : stay(child);
    case 'starting':
      return inPhase > limits.startMs ? onSilence(child, moment, limits) : stay(child);
    case 'silent':
      return inPhase > killAgainMs && !limits.observeOnly
        ? kill(child, [child.process, child.launched], moment)
        : stay(child);
    case 'backoff':
      return moment.nowMs >= child.retryMs ? relaunch(child, moment) : stay(child);
    case 'stopping':
      return inPhase > limits.stopMs
        ? { child: enter(child, 'stopping', moment), steps: signals([child.process, child.launched], 'SIGKILL') }
        : stay(child);
    case 'stopped':
      return stay(child);
    default: {
      const never: never = child.phase;
      return never;
    }
  }
}

function onSilence(child: Child, moment: Moment, limits: Limits): Decision {
  if (limits.observeOnly) return stay(enter(child, 'silent', moment));
  return kill(child, [child.process, child.launched], moment);
}

/** An orderly end, then a start. One that waits for its next start needs to wait no longer; one that is killed comes back anyway. */
function onRestart(child: Child, moment: Moment, limits: Limits): Decision {
  if (limits.observeOnly) return stay(child);
  if (child.phase === 'backoff') return relaunch(child, moment);
  const targets = [child.process, child.launched];
  const isThere = targets.some((process) => process !== undefined);
  if (!isThere || !['probing', 'starting', 'alive'].includes(child.phase)) return stay(child);
  return { child: { ...enter(child, 'stopping', moment), again: true }, steps: signals(targets, 'SIGTERM') };
}

function onStop(child: Child, moment: Moment, limits: Limits): Decision {
  if (child.phase === 'stopping' || child.phase === 'stopped') return stay({ ...child, again: false });
  const targets = [child.process, child.launched];
  if (limits.observeOnly || targets.every((process) => process === undefined)) {
    return stay(enter(child, 'stopped', moment));
  }
  return { child: enter(child, 'stopping', moment), steps: signals(targets, 'SIGTERM') };
}
