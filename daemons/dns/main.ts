// Wires the DNS daemon: metadata's snapshot in, questions in, replies out. What is decided is decided elsewhere.
import type { Config } from '../shared/daemon/config.ts';
import { type DaemonContext, type RunningDaemon, runDaemon } from '../shared/daemon/life.ts';
import { LocalCallers } from '../shared/effects/local-callers.ts';
import { openNetlink } from '../shared/effects/netlink.ts';
import { renderError, type SuiteError } from '../shared/model/errors.ts';
import { type Cidr4, parseCidr4, parseIpv4 } from '../shared/model/ipv4.ts';
import { daemonSocket } from '../shared/model/paths.ts';
import { type Watch, watchSnapshot } from '../shared/source/watch.ts';
import { type DnsMetrics, dnsMetrics } from './dns-metrics.ts';
import { makeForwarding } from './forwarding.ts';
import { Listeners } from './listeners.ts';
import { NameIndex } from './name-index.ts';
import { Resolver } from './resolver.ts';
import { resolveRoute } from './serve-resolve.ts';
import { shuffle } from './shuffle.ts';
import { Views } from './views.ts';

const dnsPort = 53;
/** A question of the zone is held this long for the first snapshot; half of what a stub resolver waits. */
const snapshotWaitMs = 1_500;

async function start(context: DaemonContext): Promise<RunningDaemon> {
  const { config, health, log } = context;
  const netlink = openNetlink();
  const onFault = (error: unknown): void =>
    log.warn({ event: 'dns.devices.unreadable', error }, 'cannot read the addresses of this host');
  const callers = new LocalCallers({ netlink, onFault });
  const index = makeIndex(context);
  const views = new Views(index);
  const forwarding = makeForwarding({ config, health, log, metrics: () => metrics });
  const metrics: DnsMetrics = dnsMetrics(context.metrics, {
    names: () => index.size,
    cacheEntries: () => forwarding.cache.size,
    cacheBytes: () => forwarding.cache.bytes,
    forwardsUnderWay: () => forwarding.forwarder.underWay,
  });
  const settings = { ttl: config.dns.ttl, subnets: subnetsOf(config), shuffle };
  const resolver = new Resolver({
    index,
    settings,
    forwarder: forwarding.forwarder,
    probe: forwarding.probe,
    viewOf: (source) => views.of(source),
    onReply: metrics.replied,
    onMalformed: () => metrics.dropped('malformed'),
    snapshotWaitMs,
  });
  const handle = resolver.handle.bind(resolver);
  const listeners = new Listeners({
    netlink,
    serve: { address: config.metadata.address, port: dnsPort, handle, callers, onDropped: metrics.dropped },
    onAddress: () => callers.refresh(),
    onState: (fault) => {
      tellListening(context, fault);
      // Not before: a probe of a looping upstream has to find us.
      if (!fault) forwarding.keeper.start();
    },
  });
  context.routes.push(resolveRoute(resolver));
  context.onReload((next) => {
    settings.ttl = next.dns.ttl;
    settings.subnets = subnetsOf(next);
    forwarding.keeper.use(next.dns.upstreams);
  });
  callers.useContainers({ has: (address) => index.clientAt(address) !== undefined });
  health.set('listener', { ok: false, text: 'not listening yet', code: 'NOT_READY' });
  const watch = watchMetadata(context, index, () => {
    views.clear();
    resolver.release();
  });
  await callers.start();
  listeners.start();
  const stop = async (): Promise<void> => {
    forwarding.keeper.close();
    watch.close();
    callers.close();
    await listeners.close();
    netlink.close();
  };
  return { stop };
}

function makeIndex({ config, log }: DaemonContext): NameIndex {
  return new NameIndex({
    zone: config.dns.zone,
    serviceAddress: parseIpv4(config.metadata.address)!,
    onCut: (name) => log.debug({ event: 'dns.links.cut', name }, 'links of services form a cycle or go too deep'),
  });
}

/** Keeps the names up with metadata; `changed` is called after each snapshot. */
function watchMetadata(context: DaemonContext, index: NameIndex, changed: () => void): Watch {
  tellMetadata(context, index.ready, undefined);
  return watchSnapshot({
    socketPath: daemonSocket(context.paths, 'metadata'),
    kinds: ['host', 'container', 'service', 'stack'],
    onSnapshot: (snapshot, change) => {
      index.update(snapshot, change);
      changed();
      tellMetadata(context, true, undefined);
    },
    onState: (fault) => tellMetadata(context, index.ready, fault),
  });
}

/** Reverse names of these are ours: asked outside, they would tell strangers about our addresses. */
function subnetsOf(config: Config): Cidr4[] {
  return config.networks.map((network) => parseCidr4(network.subnet)).filter((subnet) => subnet !== undefined);
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

await runDaemon('dns', start);
