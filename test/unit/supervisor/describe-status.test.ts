import t from 'tap';
import { type Child, newChild } from '../../../daemons/supervisor/child.ts';
import {
  conditionOf,
  describeDaemon,
  type Known,
  stateOf,
  worstOf,
} from '../../../daemons/supervisor/describe-status.ts';

const alive: Child = { ...newChild(0), phase: 'alive', process: { pid: 5, startTicks: 1 }, restarts: 2 };
const known: Known = {
  name: 'dns',
  child: alive,
  health: { state: 'ready', conditions: [] },
  version: '1',
  log: '/l',
};
const listen = { name: 'listen', ok: false, degradesOnly: false, code: 'PORT_TAKEN', text: 'taken' } as const;

t.test('a living daemon speaks for itself', async (t) => {
  t.same(describeDaemon(known, { uptime: 3, rss: 2, pss: 1, cpuSeconds: 0.5 }, 0.2), {
    name: 'dns',
    state: 'ready',
    ready: true,
    conditions: [],
    pid: 5,
    uptime: 3,
    restarts: 2,
    lastEnd: null,
    rss: 2,
    pss: 1,
    cpuPercent: 0.2,
    cpuSeconds: 0.5,
    version: '1',
  });
  t.equal(stateOf({ child: alive, health: { state: 'degraded', conditions: [] } }), 'degraded');
  t.equal(stateOf({ child: alive, health: undefined }), 'starting', 'alive but not heard of its health');
});

t.test('for one without a voice the supervisor speaks', async (t) => {
  const child: Child = { ...newChild(0), phase: 'backoff', lastEnd: 'exited with code 1' };
  const status = describeDaemon({ ...known, child, health: { state: 'ready', conditions: [] } }, undefined);
  t.equal(status.ready, false);
  t.match(status.conditions, [
    { code: 'NOT_RUNNING', text: 'exited with code 1; it is started again', hint: 'its log: /l' },
  ]);
  const again = describeDaemon({ ...known, child: { ...child, phase: 'starting' } }, undefined);
  t.same(again.conditions, status.conditions, 'the same words while it starts');
  t.equal(stateOf({ child: newChild(0), health: undefined }), 'absent');
  t.match(describeDaemon({ ...known, child: { ...alive, phase: 'silent' } }, undefined).conditions, [
    { code: 'DEADLINE' },
  ]);
});

t.test('the suite is as its worst daemon', async (t) => {
  t.equal(worstOf(['ready', 'ready']), 'ready');
  t.equal(worstOf(['ready', 'degraded']), 'degraded');
  t.equal(worstOf(['degraded', 'starting']), 'unready');
  t.equal(worstOf([]), 'unready');
});

t.test('the supervisor’s own condition names the first fault', async (t) => {
  const base = describeDaemon(known, undefined);
  t.match(conditionOf(base), { ok: true, text: 'ready', degradesOnly: false });
  const unready = conditionOf({ ...base, state: 'unready', conditions: [{ ...listen, ok: true }, listen] });
  t.match(unready, { ok: false, text: 'unready: taken', code: 'PORT_TAKEN', degradesOnly: false });
  t.match(conditionOf({ ...base, state: 'degraded', conditions: [listen] }), { ok: false, degradesOnly: true });
});
