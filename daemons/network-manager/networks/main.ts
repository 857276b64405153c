// The networks keeper: bridges, gateways, unreachable routes, settings, block files and CNI configurations.
import { listLeases } from '../../../cni-plugins/ipam/list-leases.ts';
import type { KeeperMetrics } from '../../shared/daemon/keeper-metrics.ts';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import type { Netlink } from '../../shared/effects/netlink.ts';
import type { RouteNotice } from '../../shared/effects/netlink-watch.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { Loop } from '../../shared/reconcile/loop.ts';
import type { HostLinks } from '../host-links.ts';
import { applySteps, type Outcome } from './apply.ts';
import { connectPort } from './connect-port.ts';
import { mayHaveFormer } from './former-gateways.ts';
import { hostRecords } from './host-records.ts';
import { type HostState, networkOfBridge } from './host-state.ts';
import { describeFailure, stateOfNetworks, waiting } from './networks-health.ts';
import { observeHost } from './observe.ts';
import { type NetworksPlan, planNetworks } from './plan-networks.ts';
import { Reservations } from './reservations.ts';
import { mayConcern } from './route-news.ts';
import { overlayDevices } from './routes-of-host.ts';
import { describeStep } from './steps.ts';
import { type WantNetwork, wantNetworks } from './want-networks.ts';
import { strayLinks } from './want-ports.ts';

const everyMs = 10_000;
/** Under a storm of events at most five passes a second. */
const quietMs = 200;
const condition = 'networks';

export interface NetworksOptions {
  readonly context: Pick<DaemonContext, 'paths' | 'log' | 'health' | 'config' | 'onReload'>;
  readonly netlink: Netlink;
  readonly links: HostLinks;
  readonly metrics: KeeperMetrics;
  /** Waited for before a network is made known to the plugins; its rules shall stand by then. Must not reject. */
  readonly beforeFiles: () => Promise<void>;
  /** The set of refused networks differs from before. */
  readonly onRefused: () => void;
}

interface Comparison {
  readonly networks: readonly WantNetwork[];
  readonly have: HostState;
  readonly plan: NetworksPlan;
}

export class NetworksKeeper {
  readonly #options: NetworksOptions;
  readonly #loop: Loop;
  readonly #reservations: Reservations;
  readonly #first = Promise.withResolvers<void>();
  #snapshot: Snapshot | undefined;
  #refused: ReadonlySet<string> = new Set();
  #withheld: ReadonlySet<string> = new Set();
  #watched: ReadonlySet<number> = new Set();
  #tunnels: ReadonlySet<number> = new Set();
  /** The wish that was fulfilled last: to write for it again is to heal. */
  #fulfilled: string | undefined;

  constructor(options: NetworksOptions) {
    this.#options = options;
    const { health, paths, config, onReload } = options.context;
    health.set(condition, waiting);
    this.#reservations = new Reservations(paths, config.declared.containers);
    onReload((next) => {
      this.#reservations.useDeclared(next.declared.containers);
      this.poke();
    });
    this.#loop = new Loop({
      pass: () => this.#pass(),
      failed: (error, failures) => this.#failed(error, failures),
      quietMs,
      everyMs,
    });
  }

  /** Resolves after the first pass over a snapshot, however it ended. */
  get ready(): Promise<void> {
    return this.#first.promise;
  }

  /** Names of networks that this host cannot have; no rule may speak of their ranges. */
  get refused(): ReadonlySet<string> {
    return this.#refused;
  }

  onSnapshot(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#reservations.take(snapshot);
    this.#loop.poke();
  }

  /** A device changed; containers' own links come and go without concerning us. True if it is a device that does. */
  onLink(index: number): boolean {
    const concerns = this.#watched.has(index);
    if (concerns) this.#loop.poke();
    return concerns;
  }

  /** Routes came, changed or went. */
  onRoutes(routes: readonly (RouteNotice | undefined)[]): void {
    if (routes.some((route) => mayConcern(route, this.#tunnels))) this.poke();
  }

  /** Containers differ from before, or other hosts, and nothing else. */
  onContainers(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    if (this.#reservations.take(snapshot)) this.#loop.poke();
  }

  /** Blocks, as `<network>/<cidr>`, of which no more addresses are to be given. */
  withhold(blocks: ReadonlySet<string>): void {
    this.#withheld = blocks;
    this.poke();
  }

  poke(): void {
    if (this.#snapshot) this.#loop.poke();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  /** What a pass would do now. Changes nothing. */
  async diff(): Promise<string[]> {
    if (!this.#snapshot) return [];
    return (await this.#compare(this.#snapshot)).plan.steps.map(describeStep);
  }

  async #compare(snapshot: Snapshot): Promise<Comparison> {
    const { context } = this.#options;
    const networks = wantNetworks(snapshot);
    const have = await observeHost(this.#options, context.paths, networks);
    const needsLeases = strayLinks(have.links).length > 0 || networks.some((network) => mayHaveFormer(network, have));
    const leases = needsLeases ? listLeases(context.paths).leases : [];
    const reserved = await this.#reservations.of(snapshot, networks);
    const wish = {
      networks,
      complete: snapshot.complete,
      paths: context.paths,
      leases,
      withheld: this.#withheld,
      reserved,
    };
    return { networks, have, plan: planNetworks(wish, have) };
  }

  async #pass(): Promise<void> {
    const snapshot = this.#snapshot;
    if (!snapshot) return;
    const { context, netlink, metrics } = this.#options;
    const { networks, have, plan } = await this.#compare(snapshot);
    this.#watched = watchedDevices(have, new Set(networks.map(({ bridge }) => bridge)));
    this.#tunnels = overlayDevices(have.links);
    metrics.pass();
    this.#noteRefused(plan.refused);
    const outcome = await applySteps(plan.steps, {
      netlink,
      connectPort: (step) => connectPort(netlink, step),
      beforeFiles: this.#options.beforeFiles,
      records: hostRecords(context.paths),
    });
    // The notices of our own changes may come after the next look.
    if (plan.steps.length > 0) this.#options.links.doubt();
    this.#account(outcome, textOf(networks));
    const failure = outcome.failed[0]?.error;
    context.health.set(condition, stateOfNetworks(networks.length - plan.refused.size, plan.faults, failure));
    if (failure !== undefined) throw failure;
    this.#first.resolve();
  }

  #account({ done, failed }: Outcome, wish: string): void {
    const { context, metrics } = this.#options;
    const heals = this.#fulfilled === wish;
    if (done.length > 0) {
      if (heals) metrics.healed(done.length);
      else metrics.wrote(done.length);
      const event = heals ? 'networks.healed' : 'networks.changed';
      context.log.info({ event, steps: done.map(describeStep) }, `${done.length} changes to the host's networks`);
    }
    this.#fulfilled = failed.length === 0 ? wish : undefined;
  }

  #noteRefused(refused: ReadonlySet<string>): void {
    if (refused.size === this.#refused.size && [...refused].every((name) => this.#refused.has(name))) return;
    this.#refused = refused;
    this.#options.onRefused();
  }

  #failed(error: unknown, failures: number): void {
    const { context, metrics } = this.#options;
    metrics.failed();
    context.health.set(condition, { ok: false, ...describeFailure(error) });
    if (failures === 1)
      context.log.warn({ event: 'networks.failed', error }, 'networks are not as wanted; tries again');
    this.#first.resolve();
  }
}

/** Our bridges, and the devices of default routes, whose MTU decides ours. */
function watchedDevices(have: HostState, bridges: ReadonlySet<string>): Set<number> {
  const isOurs = (link: HostState['links'][number]): boolean =>
    bridges.has(link.name) || networkOfBridge(link) !== undefined;
  const uplinks = have.routes.flatMap(({ dst, index }) => (dst.prefix === 0 && index !== undefined ? [index] : []));
  return new Set([...have.links.filter(isOurs).map((link) => link.index), ...uplinks]);
}

/** Equal networks have equal texts. */
function textOf(networks: readonly WantNetwork[]): string {
  return JSON.stringify(networks, (_, value) => (typeof value === 'bigint' ? String(value) : value));
}
