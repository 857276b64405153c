// What the daemon counts. Names come from clients, so no label ever holds one.
import type { Metrics } from '../shared/daemon/metrics.ts';
import { rcodeName, typeLabel } from './dns-codes.ts';
import type { HitLabel } from './hot/labels.ts';
import type { Query } from './query.ts';
import { ReplyCounts } from './reply-counts.ts';
import type { Resolved } from './resolver.ts';

export type DropReason = 'caller' | 'backlog' | 'send' | 'connections' | 'malformed' | 'mismatch' | 'limited';

export interface DnsMetrics {
  replied(query: Query, resolved: Resolved): void;
  forwarded(seconds: number, answered: boolean): void;
  /** One try at an upstream: seconds until its reply, undefined without one. */
  tried(upstream: string, seconds: number | undefined): void;
  dropped(reason: DropReason, by?: number): void;
  /** Answers given on the hot path. */
  hit(label: HitLabel, by: number): void;
}

/** Read at each scrape. */
export interface Gauges {
  /** Called before anything is read: what the workers counted is taken over. */
  readonly fold: () => void;
  readonly names: () => number;
  readonly cacheEntries: () => number;
  readonly cacheBytes: () => number;
  readonly forwardsUnderWay: () => number;
}

export function dnsMetrics(metrics: Metrics, gauges: Gauges): DnsMetrics {
  const counts = new ReplyCounts();
  const fold = (): void => {
    gauges.fold();
    drain();
  };
  const queries = metrics.counter(
    'corral_dns_queries_total',
    'Replies sent, by type, code and where the answer came from',
    ['type', 'rcode', 'path'],
    fold,
  );
  const drain = (): void =>
    counts.drain((type, code, path, by) => queries.inc({ type: typeLabel(type), rcode: rcodeName(code), path }, by));
  const forwards = metrics.histogram(
    'corral_dns_forward_seconds',
    'Time until the upstreams had answered, or until none had',
    [0.001, 0.005, 0.02, 0.1, 0.6, 1.2, 2],
  );
  const failures = metrics.counter('corral_dns_forward_failures_total', 'Questions that no upstream answered in time');
  const tries = metrics.counter('corral_dns_upstream_tries_total', 'Questions to each upstream, by outcome', [
    'upstream',
    'outcome',
  ]);
  const waited = metrics.counter('corral_dns_upstream_seconds_total', 'Time until the replies of each upstream', [
    'upstream',
  ]);
  const drops = metrics.counter('corral_dns_dropped_total', 'Messages not answered or not believed, by reason', [
    'reason',
  ]);
  metrics.gauge('corral_dns_names', 'Names of the zone', gauges.names);
  metrics.gauge('corral_dns_cache_entries', 'Forwarded replies in the cache', gauges.cacheEntries);
  metrics.gauge('corral_dns_cache_bytes', 'Size of the cache', gauges.cacheBytes);
  metrics.gauge(
    'corral_dns_forwards_under_way',
    'Different questions that upstreams are being asked',
    gauges.forwardsUnderWay,
  );
  return {
    replied: (query, { rcode, path }) => {
      if (!counts.add(query.type, rcode, path)) drain();
    },
    forwarded: (seconds, answered) => {
      forwards.observe(seconds);
      if (!answered) failures.inc();
    },
    tried: (upstream, seconds) => {
      tries.inc({ upstream, outcome: seconds === undefined ? 'failed' : 'answered' });
      if (seconds !== undefined) waited.inc({ upstream }, seconds);
    },
    dropped: (reason, by = 1) => drops.inc({ reason }, by),
    hit: ({ type, rcode, path }, by) => queries.inc({ type, rcode, path }, by),
  };
}
