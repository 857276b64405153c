import t from 'tap';
import { Progress, patienceMs } from '../../../../daemons/supervisor/cli/progress.ts';
import type { DaemonState, DaemonStatus } from '../../../../daemons/supervisor/describe-status.ts';

/** What the terminal shows for a story of changes; `wait` lets the patience pass. */
function stage() {
  const lines: string[] = [];
  const timers: { at: number; work: () => void }[] = [];
  let now = 0;
  const progress = new Progress({
    names: ['metadata', 'dns'],
    write: (line) => lines.push(line),
    now: () => now,
    later: (ms, work) => timers.push({ at: now + ms, work }),
  });
  const states = new Map<string, DaemonStatus>();
  return {
    progress,
    lines: () => lines.splice(0),
    pass(ms: number) {
      now += ms;
      for (const timer of timers.filter(({ at }) => at <= now)) {
        timers.splice(timers.indexOf(timer), 1);
        timer.work();
      }
    },
    set(name: 'metadata' | 'dns', state: DaemonState, more: Partial<DaemonStatus> = {}) {
      const before = states.get(name) ?? status(name, 'absent');
      const after = status(name, state, more);
      states.set(name, after);
      progress.changed(before, after);
    },
  };
}

function status(name: 'metadata' | 'dns', state: DaemonState, more: Partial<DaemonStatus> = {}): DaemonStatus {
  const ready = state === 'ready' || state === 'degraded';
  const conditions = state === 'ready' ? [] : [fault(state === 'degraded')];
  const [pid, uptime, rss, pss, version, lastEnd] = [null, null, null, null, null, null];
  const cpu = { cpuPercent: null, cpuSeconds: null };
  return { name, state, ready, conditions, pid, uptime, restarts: 0, rss, pss, ...cpu, version, lastEnd, ...more };
}

function fault(degradesOnly: boolean, text = 'listen') {
  return { name: 'x', ok: false, degradesOnly, code: 'PORT_TAKEN', text, hint: 'look' } as const;
}

t.test('a smooth start is one line', async (t) => {
  const { set, lines, pass } = stage();
  set('metadata', 'starting');
  set('metadata', 'starting', { pid: 1 });
  set('dns', 'starting');
  set('metadata', 'unready', { pid: 1 });
  set('metadata', 'ready', { pid: 1 });
  pass(1_400);
  t.same(lines(), []);
  set('dns', 'ready');
  t.same(lines(), ['corral is up: metadata, dns ready in 1.4 s']);
  pass(patienceMs);
  t.same(lines(), []);
});

t.test('what runs already is taken over', async (t) => {
  const { set, lines } = stage();
  set('metadata', 'absent', { pid: 7 });
  set('metadata', 'starting', { pid: 7 });
  set('metadata', 'ready', { pid: 7 });
  t.same(lines(), ['metadata runs already (process 7), it is taken over']);
});

t.test('what is not ready is told with its remedy, once, and its end', async (t) => {
  const { set, lines, pass } = stage();
  set('metadata', 'ready');
  set('dns', 'unready');
  t.same(lines(), []);
  pass(patienceMs);
  t.same(lines(), ['not ready yet: dns; corral goes on trying', 'dns: PORT_TAKEN: listen. Look']);
  pass(patienceMs);
  t.same(lines(), []);
  set('dns', 'unready', { conditions: [fault(false, 'bind')] });
  pass(patienceMs);
  t.same(lines(), ['dns: PORT_TAKEN: bind. Look']);
  set('dns', 'ready');
  t.same(lines(), ['corral is up: metadata, dns ready in 15.0 s']);
});

t.test('a death and the return', async (t) => {
  const { set, lines, pass } = stage();
  set('metadata', 'ready');
  set('dns', 'ready');
  lines();
  set('dns', 'starting', { lastEnd: 'was killed by SIGKILL' });
  set('dns', 'unready');
  set('dns', 'ready');
  t.same(lines(), ['dns was killed by SIGKILL, it is started again', 'dns is ready again']);
  pass(patienceMs);
  t.same(lines(), []);
  set('dns', 'silent');
  t.same(lines(), ['dns gives no sign of life, it is killed and started again']);
});

t.test('a degraded daemon does not hold the suite up; its fault is told', async (t) => {
  const { set, lines } = stage();
  set('metadata', 'ready');
  set('dns', 'degraded');
  t.same(lines(), ['corral is up: metadata, dns ready in 0.0 s', 'dns: PORT_TAKEN: listen. Look']);
  set('dns', 'ready');
  t.same(lines(), ['dns is ready again']);
});

t.test('nothing is told of what stops', async (t) => {
  const { set, lines, pass, progress } = stage();
  set('metadata', 'ready');
  set('dns', 'ready');
  lines();
  progress.stopping();
  set('dns', 'stopping');
  set('dns', 'stopped');
  pass(patienceMs);
  t.same(lines(), ['stopping; containers keep their network']);
});
