// Puts the attachments' parts together: the library, its leases, the engines, the report to metadata, the socket's routes.
import { setTimeout as pause } from 'node:timers/promises';
import { leaseHookMs } from '../../../cni-plugins/api.ts';
import { type Cni, createCni, type Lease } from '../../../cni-plugins/library.ts';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import { type Docker, type DockerContainer, dockerAt } from '../../shared/effects/docker.ts';
import { readText } from '../../shared/effects/files.ts';
import type { ErrorCode, SuiteError } from '../../shared/model/errors.ts';
import type { Change, Snapshot } from '../../shared/model/snapshot.ts';
import type { Refusal } from '../../shared/model/wire.ts';
import { Records } from '../../shared/source/records.ts';
import { ForeignCni } from '../cni-runtime/foreign-cni.ts';
import { PluginBinaries } from '../cni-runtime/plugin-binaries.ts';
import { foreignNetworks, programsOf, routedCni } from '../cni-runtime/routed-cni.ts';
import { LinksKeeper, type LinksOptions } from '../links/main.ts';
import { DockerKeeper } from './docker-keeper.ts';
import { Failures } from './failures.ts';
import { LeaseBook } from './lease-book.ts';
import type { NameSettings } from './names.ts';
import { NamespaceAttacher } from './namespace-attacher.ts';
import { Reporter } from './reporter.ts';
import { attachmentRoutes } from './routes.ts';
import { StateFiles } from './state-files.ts';
import { Sweeper } from './sweeper.ts';
import { TargetAttacher } from './target-attacher.ts';
import { type KnownNetworks, knownNetworks } from './want-attachments.ts';

/** Where distributions put the reference plugins. */
const distributionPlugins = '/usr/lib/cni';
/** How long the first report waits for the engines' lists. */
const firstListMs = 2_000;

export interface Attachments {
  /** The library, for the server behind cni.sock. */
  readonly cni: Cni;
  onSnapshot(snapshot: Snapshot, change: Change): void;
  /** Bridges and blocks are there: from now on containers are attached. */
  begin(): void;
  /** Ends what runs; attachments stay. */
  stop(): Promise<void>;
}

export function startAttachments(context: DaemonContext, host: LinksOptions['host']): Attachments {
  const { paths, config, log, metrics } = context;
  const names: NameSettings = { nameserver: config.metadata.address, zone: config.dns.zone };
  const bootId = readText('/proc/sys/kernel/random/boot_id').trim();
  const records = openRecords(context);
  const reporter = new Reporter(records);
  const failures = new Failures(context);
  const book = new LeaseBook({
    paths,
    bootId,
    onChange: (lease, change) => {
      const told = change === 'put' ? reporter.put(lease) : reporter.gone(lease);
      for (const keeper of keepers) keeper.onLease(lease);
      return told;
    },
    onDamaged: (file) => log.error({ event: 'lease.damaged', file }, 'a lease could not be read; it was put aside'),
  });
  const own = createCni({
    paths,
    onLease: (lease, change) => (change === 'added' ? book.learn(lease) : book.lookAt(lease)),
    // metadata takes the record while the kernel makes the link; then its acknowledgement is mostly there already.
    ahead: { tell: (lease) => reporter.put(lease), takeBack: (lease) => void reporter.gone(lease) },
  });
  const foreign = new ForeignCni({
    paths,
    bootId,
    settings: { path: [paths.cniBin, distributionPlugins] },
    onLease: (lease) => Promise.race([book.lookAt(lease), pause(leaseHookMs, undefined, { ref: false })]),
  });
  const cni = routedCni(own, foreign);
  const binaries = new PluginBinaries({
    dir: paths.cniBin,
    others: [distributionPlugins],
    onInstalled: (name, container) =>
      log.info({ event: 'plugin.installed', name, container }, 'installed a CNI plugin'),
    onFault: ({ name }, error) => log.warn({ event: 'plugin.failed', name, error }, 'a container brings no CNI plugin'),
  });
  const tell = tellersFor(context, book);
  let networks: KnownNetworks | undefined;
  let begun = false;
  let last: Snapshot | undefined;
  const states = new StateFiles({
    paths,
    onFault: (error) => log.warn({ event: 'state-file.failed', error }, 'the state file of a container is not written'),
  });

  const engines = config.engines.map(({ socket }) => {
    const docker = dockerAt(socket);
    const condition = config.engines.length > 1 ? `docker ${socket}` : 'docker';
    const onState = (fault: SuiteError | undefined): void => tellEngine(context, condition, docker, fault);
    const onSeen = (container: DockerContainer): void => binaries.onSeen(docker, container);
    const shared = { onSeen, docker, cni, book, reporter, failures, states, names, onState, ...tell };
    return { docker, keeper: new DockerKeeper({ ...shared, networks: () => (begun ? networks : undefined) }) };
  });
  const keepers = engines.map(({ keeper }) => keeper);
  const namespaces = new NamespaceAttacher({ cni, book, bootId, names, ...tell });
  const onVanished = (lease: Lease): void => {
    tell.onDetached(lease);
    if (lease.attachment.engine === 'docker') relist();
  };
  const sweeper = new Sweeper({ cni, book, failures, links: host.links, onDetached: onVanished });
  const links = new LinksKeeper({
    context,
    host,
    leases: () => book.all(),
    running: engines.map(
      ({ docker }) =>
        async () =>
          (await docker.running()).map(({ id }) => id),
    ),
  });
  const targets = new TargetAttacher({ namespaces, engines, book, networks: () => networks });
  context.routes.push(...attachmentRoutes({ targets, book, reporter, failures }));

  book.open();
  metrics.gauge('corral_attachments', 'containers and namespaces that are attached', () => book.all().length);
  for (const keeper of keepers) keeper.start();
  const relist = (): void => {
    for (const keeper of keepers) void keeper.relist();
  };
  // The first report is whole: a container that it lacks is one that metadata forgets.
  let heard = false;
  const report = (): void => {
    if (heard && last) reporter.start(last.hostId, book.all());
  };
  const late = pause(firstListMs, undefined, { ref: false });
  void Promise.race([Promise.all(keepers.map((keeper) => keeper.heard)), late]).then(() => {
    heard = true;
    report();
  });
  return {
    cni: own,
    onSnapshot(snapshot) {
      const before = last;
      last = snapshot;
      reporter.hostAddress(snapshot.get('host', snapshot.hostId)?.agentIp ?? null);
      report();
      if (before?.table('network') !== snapshot.table('network') || before.table('host') !== snapshot.table('host')) {
        const others = foreignNetworks(snapshot);
        foreign.setNetworks(others);
        binaries.setWanted(programsOf(others));
      }
      // Containers come and go all day; networks do not.
      if (before?.table('network') === snapshot.table('network')) return;
      const next = knownNetworks(snapshot.all('network'));
      const differs = JSON.stringify(plain(next)) !== JSON.stringify(networks && plain(networks));
      networks = next;
      if (differs && begun) relist();
    },
    begin() {
      begun = true;
      sweeper.start();
      links.start();
      relist();
    },
    async stop() {
      await Promise.all([
        ...keepers.map((keeper) => keeper.stop()),
        namespaces.stop(),
        sweeper.stop(),
        links.close(),
        binaries.settled(),
      ]);
      states.close();
      book.close();
      records.close();
      own.close();
    },
  };
}

function plain(networks: KnownNetworks): unknown {
  return [[...networks.names].sort(), networks.default];
}

function openRecords(context: DaemonContext): Records {
  const { health, log, paths } = context;
  const refused = context.metrics.counter('corral_records_refused_total', 'records that metadata refused', ['code']);
  health.set('records', {
    ok: false,
    degradesOnly: true,
    code: 'NOT_RUNNING',
    text: 'metadata has acknowledged nothing yet',
  });
  return new Records({
    socketPath: paths.recordsSocket,
    source: 'network-manager',
    onState: (fault) =>
      health.set('records', {
        ok: !fault,
        degradesOnly: true,
        text: fault?.message ?? 'metadata knows every attachment',
        ...(fault && { code: fault.code }),
      }),
    onRefused: (refusals: readonly Refusal[]) => {
      for (const { key, code, reason } of refusals) {
        refused.inc({ code });
        log.warn({ event: 'record.refused', record: key, code }, reason);
      }
    },
  });
}

function tellersFor(context: DaemonContext, book: LeaseBook) {
  const { log, metrics } = context;
  const seconds = metrics.histogram(
    'corral_attach_seconds',
    'from the look at a container to its address',
    [0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 1, 5],
  );
  return {
    onAttached(lease: Lease, took: number): void {
      seconds.observe(took);
      const { name } = lease.attachment;
      const fields = { container: lease.containerId, name, network: lease.network, address: lease.addresses[0] };
      log.info(
        { event: 'attachment.added', ...fields, ms: Math.round(took * 1000), total: book.all().length },
        'attached',
      );
    },
    onDetached(lease: Lease): void {
      const { containerId: container, network } = lease;
      log.info({ event: 'attachment.removed', container, name: lease.attachment.name, network }, 'detached');
    },
    onPortsSkipped(container: { readonly name: string }, skipped: readonly string[]): void {
      log.warn({ event: 'ports.skipped', name: container.name, ports: skipped }, 'ports that cannot be published');
    },
  };
}

/** A missing engine degrades only: namespaces and other runtimes are served all the same. */
function tellEngine(context: DaemonContext, condition: string, docker: Docker, fault: SuiteError | undefined): void {
  const code: ErrorCode = 'DOCKER_UNREACHABLE';
  const text = fault ? [fault.message, fault.hint].filter(Boolean).join('; ') : `follows ${docker.socketPath}`;
  const changed = context.health.set(condition, { ok: !fault, degradesOnly: true, text, ...(fault && { code }) });
  if (!changed) return;
  if (fault) context.log.warn({ event: 'docker.lost', error: fault }, text);
  else context.log.info({ event: 'docker.connected', socket: docker.socketPath }, text);
}
