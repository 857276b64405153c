// Joins the prober to the daemon: health, metrics, `GET /v1/peers`.
import type { DaemonContext } from '../../shared/daemon/life.ts';
import type { Clock } from '../../shared/effects/clock.ts';
import type { OverlayDriver, Session } from '../driver.ts';
import { reportPeers, stateOfPeers, stateOfSizes } from './peers-report.ts';
import { Prober } from './prober.ts';
import type { ProbeNetwork } from './targets.ts';

export interface PeersWatch {
  want(networks: readonly ProbeNetwork[]): void;
  close(): void;
}

/** The probes' word is worth telling without the drivers'. */
const noSessions = (): readonly Session[] => [];

const states = ['up', 'down', 'unknown'] as const;

export function watchPeers(
  context: Pick<DaemonContext, 'health' | 'log' | 'metrics' | 'routes'>,
  clock: Clock,
  drivers: readonly Pick<OverlayDriver, 'sessions'>[],
): PeersWatch {
  const { health, log, metrics, routes } = context;
  const tell = (): void => {
    const views = prober.views();
    const peers = stateOfPeers(views);
    const changed = health.set('peers', peers);
    if (changed && !peers.ok) log.warn({ event: 'peers.lost' }, peers.text);
    else if (changed) log.info({ event: 'peers.answer' }, peers.text);
    const sizes = stateOfSizes(views);
    if (health.set('path-mtu', sizes) && !sizes.ok) log.warn({ event: 'peers.small' }, sizes.text);
  };
  const prober = new Prober({ clock, onChanged: tell });
  routes.push({
    method: 'GET',
    path: /^\/v1\/peers$/,
    async handle(http) {
      const sessions = await Promise.all(drivers.map((driver) => driver.sessions?.().catch(noSessions) ?? []));
      http.body = reportPeers(prober.views(), { now: clock.now(), wall: Date.now() }, sessions.flat());
    },
  });
  metrics.gauges('corral_overlay_peers', 'Peers by network and state', ['network', 'state'], () => {
    const counts = new Map<string, number>();
    for (const { target, state } of prober.views()) {
      for (const one of states) {
        const key = `${target.network}\n${one}`;
        counts.set(key, (counts.get(key) ?? 0) + (one === state ? 1 : 0));
      }
    }
    return [...counts].map(([key, value]) => {
      const [network = '', state = ''] = key.split('\n');
      return { labels: { network, state }, value };
    });
  });
  metrics.gauges('corral_overlay_peer_up', 'Whether a peer answers: 1 or 0', ['network', 'host'], () =>
    prober
      .views()
      .filter(({ state }) => state !== 'unknown')
      .map(({ target, state }) => ({
        labels: { network: target.network, host: target.host },
        value: state === 'up' ? 1 : 0,
      })),
  );
  metrics.count('corral_overlay_probes_sent_total', 'Questions sent to peers', () => prober.sent);
  metrics.count('corral_overlay_probes_answered_total', 'Answers that came in time', () => prober.received);
  metrics.count(
    'corral_overlay_probes_refused_total',
    'Packets that were no peer’s probe, or too many',
    () => prober.refused,
  );
  return { want: (networks) => prober.want(networks), close: () => prober.close() };
}
