// What the supervisor measures of the daemons in its care, whether they answer or not.
import type { Metrics } from '../shared/daemon/metrics.ts';
import { isReady, type SuiteStatus } from './describe-status.ts';
import type { SupervisedDaemon } from './supervised-daemon.ts';

export function measureSuite(metrics: Metrics, daemons: readonly SupervisedDaemon[], status: () => SuiteStatus): void {
  metrics.gauge('corral_supervisor_daemons_ready', 'Daemons that are ready or degraded', () => {
    return daemons.filter(({ state }) => isReady(state)).length;
  });
  metrics.gauge('corral_supervisor_restarts', 'Starts of daemons after an end', () => {
    return daemons.reduce((sum, { child }) => sum + child.restarts, 0);
  });
  metrics.gauges('corral_daemon_ready', 'Whether the daemon is ready or degraded', ['daemon'], () =>
    daemons.map(({ name, state }) => ({ labels: { daemon: name }, value: Number(isReady(state)) })),
  );
  const restarts = metrics.counter('corral_daemon_restarts_total', 'Starts after an end', ['daemon'], () => {
    restarts.reset();
    for (const { name, child } of daemons) restarts.inc({ daemon: name }, child.restarts);
  });
  metrics.gauges('corral_daemon_memory_bytes', 'Proportional set size', ['daemon'], () =>
    status().daemons.flatMap(({ name, pss }) => (pss === null ? [] : [{ labels: { daemon: name }, value: pss }])),
  );
}
