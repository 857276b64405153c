// Puts the attachments' parts together: the library, its leases, the engines, the report to metadata, the socket's routes.
import { setTimeout as pause } from 'node:timers/promises';
import type { Cni, Lease } from '../../../cni-plugins/library.ts';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import { readText } from '../../shared/effects/files.ts';
import type { Change, Snapshot } from '../../shared/model/snapshot.ts';
import { DuplicatesKeeper } from '../duplicates/main.ts';
import { LinksKeeper, type LinksOptions } from '../links/main.ts';
import { DockerKeeper } from './docker-keeper.ts';
import { Engines } from './engines.ts';
import { Failures } from './failures.ts';
import { LeaseBook } from './lease-book.ts';
import { NamespaceAttacher } from './namespace-attacher.ts';
import { NetworkNews } from './network-news.ts';
import { type OpenCni, openCni } from './open-cni.ts';
import { openRecords } from './open-records.ts';
import { Reporter } from './reporter.ts';
import { attachmentRoutes } from './routes.ts';
import { StateFiles } from './state-files.ts';
import { Sweeper } from './sweeper.ts';
import { TargetAttacher } from './target-attacher.ts';
import { type Tellers, tellersFor } from './tellers.ts';

/** How long the first report waits for the engines' lists. */
const firstListMs = 2_000;

export interface Attachments {
  /** The library, for the server behind cni.sock. */
  readonly cni: Cni;
  /** Those of this boot. */
  leases(): readonly Lease[];
  /** From now on told whenever a lease came, changed or went. */
  listen(onLease: () => void): void;
  onSnapshot(snapshot: Snapshot, change: Change): void;
  /** Bridges and blocks are there: from now on containers are attached. */
  begin(): void;
  /** Ends what runs; attachments stay. */
  stop(): Promise<void>;
}

export function startAttachments(context: DaemonContext, host: LinksOptions['host']): Attachments {
  const parts = makeParts(context);
  const { book, reporter, engines, news } = parts;
  const keepers = startKeepers(context, host, parts);
  let last: Snapshot | undefined;
  // The first report is whole: a container that it lacks is one that metadata forgets.
  let heard = false;
  const report = (): void => {
    if (heard && last) reporter.start(last.hostId, book.all());
  };
  void whenHeard(engines).then(() => {
    heard = true;
    report();
  });
  return {
    cni: parts.library.own,
    leases: () => book.all(),
    listen: (onLease) => void parts.listeners.push(onLease),
    onSnapshot(snapshot) {
      last = snapshot;
      reporter.hostAddress(snapshot.get('host', snapshot.hostId)?.agentIp ?? null);
      report();
      news.onSnapshot(snapshot);
    },
    begin() {
      keepers.begin();
      news.begin();
    },
    async stop() {
      await Promise.all([engines.stop(), keepers.stop(), parts.library.binaries.settled()]);
      parts.states.close();
      book.close();
      parts.records.close();
      parts.library.own.close();
    },
  };
}

interface Parts {
  readonly bootId: string;
  readonly records: ReturnType<typeof openRecords>;
  readonly reporter: Reporter;
  readonly failures: Failures;
  readonly book: LeaseBook;
  readonly library: OpenCni;
  readonly states: StateFiles;
  readonly engines: Engines;
  readonly news: NetworkNews;
  readonly tell: Tellers;
  readonly listeners: (() => void)[];
}

/** Everything that attachments are made with; the leases are read and the engines followed from here on. */
function makeParts(context: DaemonContext): Parts {
  const { paths, config, log } = context;
  const bootId = readText('/proc/sys/kernel/random/boot_id').trim();
  const listeners: (() => void)[] = [];
  const records = openRecords(context);
  const reporter = new Reporter(records);
  const failures = new Failures(context);
  const book = new LeaseBook({
    paths,
    bootId,
    onChange: (lease, change) => {
      const told = change === 'put' ? reporter.put(lease) : reporter.gone(lease);
      for (const keeper of engines.keepers) keeper.onLease(lease);
      for (const listener of listeners) listener();
      return told;
    },
    onDamaged: (file) => log.error({ event: 'lease.damaged', file }, 'a lease could not be read; it was put aside'),
  });
  const library = openCni({ context, bootId, book, reporter });
  const states = new StateFiles({
    paths,
    onFault: (error) => log.warn({ event: 'state-file.failed', error }, 'the state file of a container is not written'),
  });
  const tell = tellersFor(context, book);
  const shared = { cni: library.cni, book, reporter, failures, states, names: namesOf(context), ...tell };
  const engines: Engines = new Engines(context, (docker, onState) => {
    const onSeen = (container: Parameters<typeof library.binaries.onSeen>[1]): void =>
      library.binaries.onSeen(docker, container);
    return new DockerKeeper({ ...shared, docker, onState, onSeen, networks: () => news.known });
  });
  const news: NetworkNews = new NetworkNews({
    onOthers: (snapshot) => library.onNetworks(snapshot),
    onKnown: () => relist(engines),
  });
  book.open();
  engines.set(config.engines);
  context.onReload((next) => engines.set(next.engines));
  return { bootId, records, reporter, failures, book, library, states, engines, news, tell, listeners };
}

interface RunningKeepers {
  begin(): void;
  stop(): Promise<void>;
}

/** Those that look after what is attached, and who attaches by hand. */
function startKeepers(context: DaemonContext, host: LinksOptions['host'], parts: Parts): RunningKeepers {
  const { book, failures, engines, news, reporter, tell, bootId } = parts;
  const { cni } = parts.library;
  const namespaces = new NamespaceAttacher({ cni, book, bootId, names: namesOf(context), ...tell });
  const onVanished = (lease: Lease): void => {
    tell.onDetached(lease);
    if (lease.attachment.engine === 'docker') relist(engines);
  };
  const sweeper = new Sweeper({ cni, book, failures, links: host.links, onDetached: onVanished });
  const running = (): Promise<readonly string[][]> =>
    Promise.all(engines.all.map(async ({ docker }) => (await docker.running()).map(({ id }) => id)));
  const links = new LinksKeeper({ context, host, leases: () => book.all(), running });
  const duplicates = new DuplicatesKeeper({ context, host, leases: () => book.all() });
  const targets = new TargetAttacher({ namespaces, engines, book, networks: () => news.networks });
  context.routes.push(...attachmentRoutes({ targets, book, reporter, failures }));
  const help = 'containers and namespaces that are attached';
  context.metrics.gauge('corral_attachments', help, () => book.all().length);
  return {
    begin() {
      sweeper.start();
      links.start();
      duplicates.start();
    },
    async stop() {
      duplicates.close();
      await Promise.all([namespaces.stop(), sweeper.stop(), links.close()]);
    },
  };
}

function namesOf({ config }: Pick<DaemonContext, 'config'>): { nameserver: string; zone: string } {
  return { nameserver: config.metadata.address, zone: config.dns.zone };
}

function relist(engines: Engines): void {
  for (const keeper of engines.keepers) void keeper.relist();
}

/** The engines' lists are known, or they take too long. */
async function whenHeard(engines: Engines): Promise<void> {
  const late = pause(firstListMs, undefined, { ref: false });
  await Promise.race([Promise.all(engines.keepers.map((keeper) => keeper.heard)), late]);
}
