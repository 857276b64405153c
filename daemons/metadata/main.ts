// The metadata daemon: the only user of the store, the source of every other daemon's snapshot, and the service that
// containers ask about themselves.
import { join } from 'node:path';
import { type DaemonContext, type RunningDaemon, runDaemon } from '../shared/daemon/life.ts';
import { LocalCallers } from '../shared/effects/local-callers.ts';
import { openNetlink } from '../shared/effects/netlink.ts';
import { Trees } from './answer.ts';
import { Catalog } from './catalog.ts';
import { AddressConflicts } from './cluster/address-conflicts.ts';
import { MemberView } from './cluster/member-view.ts';
import { clusterRoutes } from './cluster/routes.ts';
import { storeRoutes } from './cluster/serve-store.ts';
import { clusterSource } from './cluster/source.ts';
import { countVersion } from './count-version.ts';
import { parseTrusted } from './http-caller.ts';
import { AnswersKeeper } from './keep-answers.ts';
import { keepListening } from './keep-listening.ts';
import { RecordKeeper } from './keep-records.ts';
import { readBootId } from './observe-host.ts';
import { OwnLoop } from './own-loop.ts';
import { recall } from './recall.ts';
import { reportDerivation } from './report-derivation.ts';
import { type MetadataHttp, serveHttp } from './serve-http.ts';
import { serveRecords } from './serve-records.ts';
import { ReloadPort, reloadRoute } from './serve-reload.ts';
import { serveWatch } from './serve-watch.ts';
import { State } from './state.ts';
import { openStore } from './store/open.ts';
import { sweepAddresses } from './store/sweep-addresses.ts';
import { Tokens } from './tokens.ts';
import { treeRoute } from './tree-route.ts';
import { watchAddresses } from './watch-addresses.ts';

void runDaemon('metadata', start);

async function start(context: DaemonContext): Promise<RunningDaemon> {
  const { health, log, metrics, paths } = context;
  let config = context.config;
  health.set('http', { ok: false, code: 'NOT_READY', text: 'starting' });
  const bootId = readBootId();
  const { store, sqlite, cluster } = await openStore(join(paths.state, 'store.sqlite'), context, bootId, (known) =>
    context.routes.push(...storeRoutes({ config: config.store, ...known })),
  );
  const keeper = new RecordKeeper(store, health);
  metrics.gauge('corral_metadata_records_waiting', 'Changes not yet in the store', () => keeper.waiting);
  const state = new State({
    ...store.identity,
    remember: (changes) => {
      if (changes[0]?.source === clusterSource) return; // the store had it first
      keeper.add(changes);
      cluster?.remember(changes);
    },
    mayComplete: () => cluster?.listed ?? true,
  });
  const conflicts =
    cluster &&
    new AddressConflicts({
      hostId: store.identity.hostId,
      holderOf: (network, ip) => cluster.store.claimOf(network, ip),
      nameOf: (host) => state.snapshot.get('host', host)?.name ?? host,
      health,
      log,
    });
  state.onRevision((revision) => conflicts?.onRevision(revision));
  const catalog = new Catalog(store.identity.hostId);
  let http: MetadataHttp | undefined;
  const tokens = new Tokens();
  const trees = new Trees(catalog, tokens);
  state.onRevision((revision) => catalog.update(revision));
  reportDerivation(state, catalog, context);
  await recall(state, store, bootId);
  const own = new OwnLoop({
    store,
    state,
    health,
    stateDirectory: paths.state,
    config: () => config,
    onTokens: (declared) => {
      if (tokens.use(declared)) http?.changedAll();
    },
    member: cluster && new MemberView(cluster, health, metrics),
  });
  await cluster?.attach(state, () => {
    own.poke();
    conflicts?.onClaims();
  });
  await own.start();
  await state.settled();
  const answers = new AnswersKeeper({ health, log, layer: trees.layer, onChange: () => http?.changedAll() });
  await answers.use(config.metadata.answers);

  const endSweep = sweepAddresses({ store, snapshot: () => state.snapshot, log });
  const watch = serveWatch(state, metrics);
  const reload = reloadRoute(() => answers.reload());
  context.routes.push(watch.route, treeRoute(catalog, trees), reload);
  context.routes.push(
    ...clusterRoutes({
      bootId,
      state,
      store,
      sqlite,
      cluster,
      configPath: paths.config,
      config: () => config,
      poke: () => own.poke(),
    }),
  );
  const reloads = new ReloadPort(reload, context);
  await reloads.use(config.metadata.reload);
  const records = await serveRecords({ path: paths.recordsSocket, state, log, metrics });
  const netlink = openNetlink();
  const callers = new LocalCallers({
    netlink,
    onFault: (error) => log.warn({ event: 'callers.unread', error }, 'cannot read the addresses of this host'),
  });
  callers.useContainers(catalog);
  await callers.start();
  let trusted = parseTrusted(config.metadata.trustForwardedFrom);
  http = serveHttp({ catalog, trees, callers, metrics, trusted: () => trusted });
  state.onRevision((revision) => http?.changed(revision));
  const listening = await keepListening({
    server: http.server,
    netlink,
    on: config.metadata,
    onAddress: () => callers.refresh(),
    hasIpv6: () => [...state.snapshot.all('network')].some(({ subnet6 }) => subnet6 !== undefined),
    health,
    log,
  });
  const addresses = watchAddresses(log, () => {
    listening.poke();
    own.poke();
    void callers.refresh();
  });
  void countVersion(catalog);
  context.onReload((next) => {
    const { address, port } = config.metadata;
    if (next.metadata.address !== address || next.metadata.port !== port) {
      log.warn({ event: 'config.needs-restart', keys: ['metadata.address', 'metadata.port'] }, 'used after a restart');
    }
    if (JSON.stringify(next.store) !== JSON.stringify(config.store)) {
      log.warn({ event: 'config.needs-restart', keys: ['store'] }, 'used after a restart');
    }
    config = { ...next, store: config.store };
    trusted = parseTrusted(next.metadata.trustForwardedFrom);
    own.poke();
    void answers.use(next.metadata.answers);
    void reloads.use(next.metadata.reload);
  });
  return {
    async stop() {
      http?.close();
      answers.close();
      watch.close();
      endSweep();
      callers.close();
      await Promise.all([reloads.close(), addresses.close(), listening.close(), records.close(), own.close()]);
      await keeper.close();
      await store.close();
      netlink.close();
    },
  };
}
