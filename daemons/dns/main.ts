// Wires the DNS daemon: metadata's snapshot in, questions in, replies out. What is decided is decided elsewhere.
import type { Config } from '../shared/daemon/config.ts';
import { type DaemonContext, type RunningDaemon, runDaemon } from '../shared/daemon/life.ts';
import { LocalCallers } from '../shared/effects/local-callers.ts';
import { openNetlink } from '../shared/effects/netlink.ts';
import { renderError, type SuiteError } from '../shared/model/errors.ts';
import type { Cidr, Ip } from '../shared/model/ip.ts';
import { parseIpv4 } from '../shared/model/ipv4.ts';
import { serviceAddress6 } from '../shared/model/networks.ts';
import { daemonSocket } from '../shared/model/paths.ts';
import type { Snapshot } from '../shared/model/snapshot.ts';
import { type Watch, watchSnapshot } from '../shared/source/watch.ts';
import { AnswersKeeper } from './answers-keeper.ts';
import { AllowedCallers } from './callers.ts';
import { type DnsMetrics, dnsMetrics } from './dns-metrics.ts';
import { makeForwarding } from './forwarding.ts';
import { HotMetrics } from './hot/hot-metrics.ts';
import { NotedIndex, type Staleness } from './hot/noted-index.ts';
import { HotPath } from './hot/serve-hot.ts';
import { openUdp } from './hot/start-hot.ts';
import { Listeners } from './listeners.ts';
import { LoopTeller } from './loop-teller.ts';
import { OwnNetworks } from './own-networks.ts';
import { Resolver } from './resolver.ts';
import { resolveRoute } from './serve-resolve.ts';
import { serveUdp } from './serve-udp.ts';
import { shuffle } from './shuffle.ts';
import type { View } from './view.ts';
import { Views } from './views.ts';

const dnsPort = 53;
/** A question of the zone is held this long for the first snapshot; half of what a stub resolver waits. */
const snapshotWaitMs = 1_500;

async function start(context: DaemonContext): Promise<RunningDaemon> {
  const { config, health, log } = context;
  const netlink = openNetlink();
  const onFault = (error: unknown): void =>
    log.warn({ event: 'dns.devices.unreadable', error }, 'cannot read the addresses of this host');
  const local = new LocalCallers({ netlink, onFault, onChange: () => hot.callersChanged() });
  const callers = new AllowedCallers(local, config.dns.allowFrom);
  const loops = new LoopTeller(log);
  const index = makeIndex(context, loops);
  const views = new Views(index);
  const forwarding = makeForwarding({ config, health, log, metrics: () => metrics, onChange: () => hot.clear() });
  const metrics: DnsMetrics = dnsMetrics(context.metrics, {
    fold: () => hotMetrics.fold(),
    names: () => index.size,
    cacheEntries: () => forwarding.cache.size,
    cacheBytes: () => forwarding.cache.bytes,
    forwardsUnderWay: () => forwarding.forwarder.underWay,
  });
  const hotMetrics = new HotMetrics(context.metrics, metrics);
  const settings = { ttl: config.dns.ttl, subnets: [] as readonly Cidr[], shuffle, onLoop: loops.onLoop };
  const viewOf = (source: Ip): View => views.of(source);
  const resolver = new Resolver({
    index,
    settings,
    forwarder: forwarding.forwarder,
    probe: forwarding.probe,
    viewOf,
    onReply: metrics.replied,
    onMalformed: () => metrics.dropped('malformed'),
    snapshotWaitMs,
  });
  const handle = resolver.handle.bind(resolver);
  const { workers } = config.dns;
  const hot = new HotPath({
    resolver,
    index,
    callers,
    viewOf,
    workers,
    metrics: hotMetrics,
    onReply: metrics.replied,
    rules: () => local.rules,
    allowFrom: () => callers.ranges,
    onDeath: (error) => {
      hotMetrics.fold();
      log.error({ event: 'dns.hot.died', error }, 'a hot worker died and is replaced');
    },
  });
  const serve = { port: dnsPort, handle, callers, onDropped: metrics.dropped };
  const common = { netlink, onAddress: () => local.refresh() };
  const listeners = new Listeners({
    ...common,
    serve: { ...serve, address: config.metadata.address },
    openUdp: (options) => openUdp(options, { workers, hot, log }),
    onState: (fault) => {
      tellListening(context, fault);
      // Not before: a probe of a looping upstream has to find us.
      if (!fault) forwarding.keeper.start();
    },
  });
  // Few ask over IPv6, and nobody when all have IPv4 too: these take the ordinary way.
  const listeners6 = new Listeners({
    ...common,
    serve: { ...serve, address: serviceAddress6 },
    openUdp: serveUdp,
    onState: (fault) => tellListening6(context, fault),
  });
  const networks = new OwnNetworks(({ subnets, hasIpv6 }) => {
    settings.subnets = subnets;
    hot.clear();
    if (hasIpv6) listeners6.start();
  });
  const answers = new AnswersKeeper({
    health,
    log,
    onAnswers: (next) => {
      index.useAnswers(next);
      views.clear();
      hot.reset();
      forwarding.keeper.useFiled(next.common.recurse);
    },
  });
  context.routes.push(resolveRoute(resolver));
  context.onReload((next) => {
    settings.ttl = next.dns.ttl;
    networks.useConfig(next.networks);
    forwarding.keeper.use(next.dns.upstreams, next.dns.forward);
    void answers.use(answersPath(next));
    callers.useRanges(next.dns.allowFrom);
    hot.callersChanged();
    hot.reset();
  });
  local.useContainers({ has: (address) => index.clientAt(address) !== undefined });
  health.set('listener', { ok: false, text: 'not listening yet', code: 'NOT_READY' });
  const watch = watchMetadata(context, index, (stale, snapshot) => {
    views.clear();
    hot.changed(stale);
    networks.useSnapshot(snapshot);
    resolver.release();
  });
  await Promise.all([local.start(), answers.use(answersPath(config))]);
  listeners.start();
  networks.useConfig(config.networks);
  const stop = async (): Promise<void> => {
    forwarding.keeper.close();
    answers.close();
    watch.close();
    local.close();
    await Promise.all([listeners.close(), listeners6.close()]);
    netlink.close();
  };
  return { stop };
}

function makeIndex({ config }: DaemonContext, { onCut }: LoopTeller): NotedIndex {
  return new NotedIndex({ zone: config.dns.zone, serviceAddress: parseIpv4(config.metadata.address)!, onCut });
}

function answersPath(config: Config): string | undefined {
  return config.dns.answers === 'none' ? undefined : config.dns.answers;
}

/** Keeps the names up with metadata; `changed` is called after each snapshot. */
function watchMetadata(
  context: DaemonContext,
  index: NotedIndex,
  changed: (stale: Staleness, snapshot: Snapshot) => void,
): Watch {
  tellMetadata(context, index.ready, undefined);
  return watchSnapshot({
    socketPath: daemonSocket(context.paths, 'metadata'),
    kinds: ['environment', 'host', 'network', 'container', 'service', 'stack'],
    onSnapshot: (snapshot, change) => {
      changed(index.take(snapshot, change), snapshot);
      tellMetadata(context, true, undefined);
    },
    onState: (fault) => tellMetadata(context, index.ready, fault),
  });
}

function tellListening({ health, log, config }: DaemonContext, fault: SuiteError | undefined): void {
  const where = `${config.metadata.address}:${dnsPort}`;
  const state = fault
    ? { ok: false, text: renderError(fault), code: fault.code }
    : { ok: true, text: `answers on ${where}, udp and tcp` };
  if (!health.set('listener', state)) return;
  if (fault) log.error({ event: 'dns.listener.failed', error: fault }, 'cannot listen; trying again');
  else log.info({ event: 'dns.listener.open', where }, 'listening');
}

function tellListening6({ health, log }: DaemonContext, fault: SuiteError | undefined): void {
  const where = `[${serviceAddress6}]:${dnsPort}`;
  const state = fault
    ? { ok: false, text: renderError(fault), code: fault.code }
    : { ok: true, text: `answers on ${where}, udp and tcp` };
  if (!health.set('listener6', { ...state, degradesOnly: true })) return;
  if (fault) log.warn({ event: 'dns.listener6.failed', error: fault }, 'cannot listen over IPv6; trying again');
  else log.info({ event: 'dns.listener6.open', where }, 'listening over IPv6');
}

/** Metadata's absence is no fault of ours: the last snapshot goes on being served. */
function tellMetadata({ health, log }: DaemonContext, known: boolean, fault: SuiteError | undefined): void {
  const degradesOnly = true;
  if (fault) {
    const text = `${renderError(fault)}; ${known ? 'the last known names are served' : 'no names are known yet'}`;
    const changed = health.set('metadata', { ok: false, text, code: fault.code, degradesOnly });
    if (changed) log.warn({ event: 'dns.metadata.away', error: fault }, 'metadata is away');
  } else if (!known) {
    health.set('metadata', { ok: false, text: 'waiting for the first snapshot', code: 'NOT_READY', degradesOnly });
  } else if (health.set('metadata', { ok: true, text: 'names are current', degradesOnly })) {
    log.info({ event: 'dns.metadata.there' }, 'metadata is there');
  }
}

void runDaemon('dns', start);
