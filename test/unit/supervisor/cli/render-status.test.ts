import t from 'tap';
import { renderDuration, renderStatus } from '../../../../daemons/supervisor/cli/render-status.ts';
import type { DaemonStatus, SuiteStatus } from '../../../../daemons/supervisor/describe-status.ts';

const ready: DaemonStatus = {
  name: 'metadata',
  state: 'ready',
  ready: true,
  conditions: [{ name: 'store', ok: true, degradesOnly: false, code: null, text: 'open' }],
  pid: 4_711,
  uptime: 3_725.4,
  restarts: 0,
  lastEnd: null,
  rss: 60e6,
  pss: 31_400_000,
  cpuPercent: 0.34,
  cpuSeconds: 12.5,
  version: '0.1.0',
};
const down: DaemonStatus = {
  ...ready,
  name: 'dns',
  state: 'unready',
  ready: false,
  pid: null,
  uptime: null,
  pss: null,
  cpuPercent: null,
  restarts: 12,
  conditions: [
    { name: 'listen', ok: false, degradesOnly: false, code: 'PORT_TAKEN', text: 'listen on 169.254.169.250:53' },
    { name: 'own', ok: false, degradesOnly: false, code: 'DEADLINE', text: 'DEADLINE: ask', hint: 'ask again' },
    { name: 'told', ok: false, degradesOnly: false, code: 'PORT_TAKEN', text: 'listen. ask ss' },
    { name: 'plain', ok: false, degradesOnly: true, code: null, text: 'waits for metadata' },
  ],
};
const suite: SuiteStatus = { state: 'unready', version: '0.1.0', launcher: 'process', daemons: [ready, down] };

t.test('a table, then what is wrong with its code and remedy', async (t) => {
  t.equal(
    renderStatus(suite),
    `DAEMON    STATE    PID   UPTIME  RESTARTS  MEMORY  CPU
metadata  ready    4711  1h 2m   0         31 MB   0.3 %
dns       unready  -     -       12        -       -

dns: PORT_TAKEN: listen on 169.254.169.250:53. Find who holds it with ss -lntup, and end that program or change its address
dns: DEADLINE: ask. Ask again
dns: PORT_TAKEN: listen. ask ss
dns: waits for metadata
`,
  );
  t.notMatch(renderStatus({ ...suite, daemons: [ready] }), /\n\n/);
});

t.test('durations', async (t) => {
  const cases: readonly [number, string][] = [
    [0, '0s'],
    [0.9, '0s'],
    [59, '59s'],
    [60, '1m 0s'],
    [3_599, '59m 59s'],
    [86_400, '1d 0h'],
    [360_000, '4d 4h'],
  ];
  for (const [seconds, text] of cases) t.equal(renderDuration(seconds), text);
});
