// Puts together what answers questions that are not ours: upstreams, their health, the loop probe, the cache.
import type { Config } from '../shared/daemon/config.ts';
import type { Health } from '../shared/daemon/health.ts';
import type { Logger } from '../shared/daemon/log.ts';
import type { DnsMetrics } from './dns-metrics.ts';
import { makeExchange } from './exchange.ts';
import { FailureCache } from './failure-cache.ts';
import { Forwarder } from './forward.ts';
import { LoopProbe } from './loop-probe.ts';
import { ReplyCache } from './reply-cache.ts';
import { UpstreamKeeper } from './upstream-keeper.ts';
import { UpstreamSets } from './upstream-sets.ts';
import { nameOfUpstream, type Upstream, UpstreamHealth } from './upstreams.ts';

const maxForwards = 256;
const maxWaiting = 4_096;
/** Always the machine's own, also below a second root: it tells how this host's processes resolve names. */
const resolvConf = '/etc/resolv.conf';

export interface ForwardingOptions {
  readonly config: Config;
  readonly health: Health;
  readonly log: Logger;
  readonly metrics: () => DnsMetrics;
  /** The upstreams changed; what others said is no longer kept. */
  readonly onChange: () => void;
}

export interface Forwarding {
  readonly forwarder: Forwarder;
  readonly cache: ReplyCache;
  readonly probe: LoopProbe;
  readonly keeper: UpstreamKeeper;
}

export function makeForwarding({ config, health, log, metrics, onChange }: ForwardingOptions): Forwarding {
  const now = (): number => performance.now();
  const state = new UpstreamHealth();
  const sets = new UpstreamSets();
  const cache = new ReplyCache();
  const failures = new FailureCache();
  const exchange = makeExchange(() => metrics().dropped('mismatch'));
  const probe = new LoopProbe({ health: state, exchange, now });
  const keeper = new UpstreamKeeper({
    resolvConf,
    wanted: config.dns.upstreams,
    domains: config.dns.forward,
    ownAddress: config.metadata.address,
    state,
    sets,
    probe,
    health,
    now,
    onChange: (list) => {
      cache.clear();
      failures.clear();
      onChange();
      log.info({ event: 'dns.upstreams.changed', upstreams: list.map(nameOfUpstream) }, 'upstreams');
    },
  });
  const onDone = (seconds: number, answered: boolean): void => {
    metrics().forwarded(seconds, answered);
    keeper.answered();
  };
  const onTry = (upstream: Upstream, seconds: number | undefined): void => {
    const name = nameOfUpstream(upstream);
    // Clients may bring any number along: these are counted together.
    metrics().tried(state.list.some((one) => nameOfUpstream(one) === name) ? name : 'client', seconds);
  };
  const limits = { maxForwards, maxWaiting };
  const forwarder = new Forwarder({ exchange, health: state, sets, cache, failures, now, ...limits, onTry, onDone });
  return { forwarder, cache, probe, keeper };
}
