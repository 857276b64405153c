// Puts the page together: its port, its sources, its metrics.
import type { DaemonContext } from '../../shared/daemon/life.ts';
import { daemonSocket } from '../../shared/model/paths.ts';
import type { SuiteStatus } from '../describe-status.ts';
import type { EventRing } from '../events/event-ring.ts';
import type { World } from '../world.ts';
import { metricsCollector } from './collect-metrics.ts';
import { Door } from './door.ts';
import { Lookout } from './lookout.ts';
import { pageRoutes } from './routes.ts';
import { Viewers } from './viewers.ts';

export interface Page {
  /** A daemon's state is another one. */
  noteDaemons(): void;
  close(): Promise<void>;
}

/** A daemon that takes longer to tell its metrics than this is left out of one answer. */
const metricsMs = 2_000;

export interface PageOptions {
  readonly context: DaemonContext;
  readonly status: () => SuiteStatus;
  readonly world: World;
  readonly ring: EventRing;
}

export function startPage({ context, status, world, ring }: PageOptions): Page {
  const { config, paths, health, metrics } = context;
  const lookout = new Lookout({ paths, zone: config.dns.zone, world, ring, status });
  const viewers = new Viewers({ lookout });
  const collect = metricsCollector({
    own: () => metrics.text(),
    daemons: () => {
      const others = status().daemons.filter(({ name }) => name !== 'supervisor');
      return others.map(({ name, pid }) => ({ name, alive: pid !== null, socketPath: daemonSocket(paths, name) }));
    },
    timeoutMs: metricsMs,
  });
  const door = new Door(pageRoutes({ health, lookout, viewers, metrics: collect }), context, config.supervisor);
  context.onReload(({ supervisor }) => door.use(supervisor));
  metrics.gauge('corral_page_viewers', 'Browsers that look at the page', () => viewers.count);
  metrics.count('corral_page_viewers_cut_total', 'Browsers that were cut because they took nothing', () => viewers.cut);
  metrics.count('corral_page_refused_total', 'Requests and viewers that the page refused', () => {
    return viewers.refused + door.refused;
  });
  return {
    noteDaemons: () => lookout.noteDaemons(),
    async close() {
      await viewers.close();
      await door.close();
      await lookout.close();
    },
  };
}
