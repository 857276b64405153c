import t, { type Test } from 'tap';
import {
  type Child,
  type Limits,
  newChild,
  type Phase,
  type ProcessId,
  type Sight,
  type Step,
  usualLimits,
} from '../../../daemons/supervisor/child.ts';
import { decide } from '../../../daemons/supervisor/plan-child.ts';

const one: ProcessId = { pid: 11, startTicks: 100 };
const two: ProcessId = { pid: 22, startTicks: 200 };
const killed = { saw: 'end', how: 'was killed by SIGKILL' } as const;

/** A story: what is seen at which moment (s), and the phase and steps that must follow. */
type Line = readonly [seconds: number, sight: Sight, phase: Phase, ...steps: string[]];

function tell(t: Test, story: readonly Line[], limits: Limits = usualLimits, random = 0.5): Child {
  let child = newChild(0);
  for (const [seconds, sight, phase, ...steps] of story) {
    const decision = decide(child, sight, { nowMs: seconds * 1_000, random }, limits);
    const words = `${seconds} s, ${JSON.stringify(sight)}`;
    t.equal(decision.child.phase, phase, words);
    t.same(decision.steps.map(renderStep), steps, words);
    child = decision.child;
  }
  return child;
}

function renderStep(step: Step): string {
  return step.do === 'launch' ? 'launch' : `${step.signal} ${step.process.pid}`;
}

const tick = (lateMs = 0): Sight => ({ saw: 'tick', lateMs });
const nobody: Sight = { saw: 'nobody' };
const beat: Sight = { saw: 'beat' };
const hello = (process: ProcessId): Sight => ({ saw: 'hello', process });
const connected = (process: ProcessId): Sight => ({ saw: 'connected', process });
const launched = (process: ProcessId): Sight => ({ saw: 'launched', process });
const end = (process: ProcessId | undefined): Sight => ({ ...killed, process });

const started: readonly Line[] = [
  [0, nobody, 'starting', 'launch'],
  [0, launched(one), 'starting'],
  [0.3, connected(one), 'starting'],
  [0.3, hello(one), 'alive'],
];

t.test('from nothing to alive', async (t) => {
  const child = tell(t, started);
  t.equal(child.restarts, 0);
  t.same(child.process, one);
});

t.test('a daemon that runs already is taken over, not started twice', async (t) => {
  const child = tell(t, [
    [0, connected(one), 'probing'],
    [0, hello(one), 'alive'],
    [1, nobody, 'alive'],
    [1, tick(), 'alive'],
  ]);
  t.equal(child.launched, undefined);
});

t.test('death after a steady life: back at once, every time', async (t) => {
  const child = tell(t, [
    ...started,
    [5, end(one), 'starting', 'launch'],
    [5, launched(two), 'starting'],
    [5.3, hello(two), 'alive'],
    [9, end(two), 'starting', 'launch'],
  ]);
  t.equal(child.restarts, 2);
  t.equal(child.lastEnd, 'was killed by SIGKILL');
});

t.test('death of an adopted daemon is a death', async (t) => {
  tell(t, [
    [0, connected(one), 'probing'],
    [0, hello(one), 'alive'],
    [3, end(one), 'starting', 'launch'],
  ]);
});

t.test('quick deaths: at once, then with growing pauses of at most a second', async (t) => {
  let child = tell(t, started);
  const pauses: number[] = [];
  let now = 400;
  for (let death = 0; death < 8; death += 1) {
    const process = { pid: 50 + death, startTicks: death };
    const at = (sight: Sight): string[] => {
      const decision = decide(child, sight, { nowMs: now, random: 0.5 }, usualLimits);
      child = decision.child;
      return decision.steps.map(renderStep);
    };
    const died = now;
    const begun = at(end(death === 0 ? one : { pid: 49 + death, startTicks: death - 1 }));
    while (begun.length === 0) {
      now += 10;
      begun.push(...at(tick()));
    }
    pauses.push(now - died);
    at(launched(process));
    at(hello(process));
    now += 100;
  }
  t.same(pauses, [0, 200, 400, 800, 1_000, 1_000, 1_000, 1_000]);
});

t.test('a daemon that never comes to life: pauses up to five seconds, for ever', async (t) => {
  let child = newChild(0);
  let now = 0;
  let pause = 0;
  child = decide(child, nobody, { nowMs: now, random: 0.5 }, usualLimits).child;
  for (let death = 0; death < 50; death += 1) {
    now += 100;
    child = decide(child, end(undefined), { nowMs: now, random: 0.5 }, usualLimits).child;
    pause = child.phase === 'backoff' ? child.retryMs - now : 0;
    now = Math.max(now, child.retryMs);
    child = decide(child, tick(), { nowMs: now, random: 0.5 }, usualLimits).child;
    t.equal(child.phase, 'starting', `after death ${death}`);
  }
  t.equal(pause, 5_000);
});

t.test('silence is answered by SIGKILL after 15 s, once, then again every 2 s until it is gone', async (t) => {
  tell(t, [
    ...started,
    [10, beat, 'alive'],
    [24.9, tick(), 'alive'],
    [25.1, tick(), 'silent', 'SIGKILL 11'],
    [25.3, tick(), 'silent'],
    [27.2, tick(), 'silent', 'SIGKILL 11'],
    [27.3, end(one), 'starting', 'launch'],
  ]);
});

t.test('the supervisor’s own standstill is nobody’s silence', async (t) => {
  tell(t, [...started, [60.5, tick(60_000), 'alive'], [74, tick(), 'alive'], [75.6, tick(), 'silent', 'SIGKILL 11']]);
});

t.test('a listener that accepts and never speaks is killed, whoever started it', async (t) => {
  tell(t, [
    [0, connected(one), 'probing'],
    [14, tick(), 'probing'],
    [15.1, tick(), 'silent', 'SIGKILL 11'],
    [15.2, end(one), 'starting', 'launch'],
  ]);
});

t.test('a start that hangs is killed and tried again', async (t) => {
  tell(t, [
    [0, nobody, 'starting', 'launch'],
    [0, launched(one), 'starting'],
    [15.1, tick(), 'silent', 'SIGKILL 11'],
    [15.2, end(one), 'starting', 'launch'],
  ]);
});

t.test('a twin that the lock refused changes nothing', async (t) => {
  const child = tell(t, [
    [0, nobody, 'starting', 'launch'],
    [0, launched(two), 'starting'],
    [0.1, connected(one), 'starting'],
    [0.1, hello(one), 'alive'],
    [0.4, end(two), 'alive'],
  ]);
  t.equal(child.restarts, 0);
  t.equal(child.launched, undefined);
});

t.test('the end of a predecessor that is told late changes nothing', async (t) => {
  tell(t, [
    [0, connected(one), 'probing'],
    [0, hello(one), 'alive'],
    [2, connected(two), 'alive'],
    [2, hello(two), 'alive'],
    [2.1, end(one), 'alive'],
  ]);
});

t.test('an end that is told twice is one end', async (t) => {
  const child = tell(t, [...started, [5, end(one), 'starting', 'launch'], [5, end(one), 'starting']]);
  t.equal(child.restarts, 1);
});

t.test('stop: SIGTERM, then SIGKILL after the deadline', async (t) => {
  tell(t, [
    ...started,
    [10, { saw: 'stop' }, 'stopping', 'SIGTERM 11'],
    [15.9, tick(), 'stopping'],
    [16.1, tick(), 'stopping', 'SIGKILL 11'],
    [16.2, end(one), 'stopped'],
    [17, tick(), 'stopped'],
    [17, nobody, 'stopped'],
  ]);
  tell(t, [[0, { saw: 'stop' }, 'stopped']]);
  tell(t, [
    [0, nobody, 'starting', 'launch'],
    [0, launched(one), 'starting'],
    [0.1, { saw: 'stop' }, 'stopping', 'SIGTERM 11'],
    [0.2, hello(one), 'stopping', 'SIGTERM 11'],
    [0.3, end(one), 'stopped'],
  ]);
});

t.test('whoever only observes starts, kills and stops nothing', async (t) => {
  const child = tell(
    t,
    [
      [0, nobody, 'probing'],
      [5, connected(one), 'probing'],
      [5, hello(one), 'alive'],
      [21, tick(), 'silent'],
      [40, tick(), 'silent'],
      [41, beat, 'alive'],
      [42, end(one), 'probing'],
      [43, tick(), 'probing'],
      [44, hello(two), 'alive'],
      [45, { saw: 'stop' }, 'stopped'],
    ],
    { ...usualLimits, observeOnly: true },
  );
  t.equal(child.restarts, 0);
});

t.test('a restart: an orderly end, then a start at once', async (t) => {
  const child = tell(t, [
    ...started,
    [5, { saw: 'restart' }, 'stopping', 'SIGTERM 11'],
    [5.1, { saw: 'restart' }, 'stopping'],
    [5.2, end(one), 'starting', 'launch'],
    [5.2, launched(two), 'starting'],
    [5.5, hello(two), 'alive'],
    [5.6, end(two), 'starting', 'launch'],
  ]);
  t.equal(child.restarts, 2);
});

t.test('a restart of a daemon that does not end, that waits, and of one that others start', async (t) => {
  tell(t, [
    ...started,
    [5, { saw: 'restart' }, 'stopping', 'SIGTERM 11'],
    [11.1, tick(), 'stopping', 'SIGKILL 11'],
    [11.2, end(one), 'starting', 'launch'],
  ]);
  tell(t, [
    ...started,
    [0.4, end(one), 'starting', 'launch'],
    [0.5, end(undefined), 'backoff'],
    [0.5, { saw: 'restart' }, 'starting', 'launch'],
  ]);
  tell(
    t,
    [
      [0, connected(one), 'probing'],
      [0, hello(one), 'alive'],
      [5, { saw: 'restart' }, 'alive'],
    ],
    {
      ...usualLimits,
      observeOnly: true,
    },
  );
});

t.test('a stop during a restart is a stop', async (t) => {
  tell(t, [
    ...started,
    [5, { saw: 'restart' }, 'stopping', 'SIGTERM 11'],
    [5.1, { saw: 'stop' }, 'stopping'],
    [5.2, end(one), 'stopped'],
  ]);
});

t.test('who was made late by a slow engine has the usual time to come to life', async (t) => {
  tell(t, [
    [0, nobody, 'starting', 'launch'],
    [16, tick(), 'silent'],
    [18.5, tick(), 'silent'],
    [20, launched(one), 'starting'],
    [30, tick(), 'starting'],
    [31, hello(one), 'alive'],
  ]);
  tell(t, [
    [0, nobody, 'starting', 'launch'],
    [0.3, hello(one), 'alive'],
    [0.4, launched(one), 'alive'],
  ]);
});
