// Keeps the containers of one engine attached as their labels ask. An event, a list, a new snapshot or a failure only say
// "look at this container again"; a look inspects it, compares it with its leases, and does what is missing.
import type { Lease } from '../../../cni-plugins/library.ts';
import type { DockerContainer, ListedContainer } from '../../shared/effects/docker.ts';
import { hasCode, SuiteError } from '../../shared/model/errors.ts';
import type { ManualWish } from './attach-request.ts';
import { type AttacherDeps, ContainerAttacher } from './container-attacher.ts';
import { inodeAt } from './container-netns.ts';
import { DockerFollower } from './docker-follower.ts';
import { factsIn } from './facts.ts';
import { type Failures, faultOf } from './failures.ts';
import { GuestBook } from './guest-book.ts';
import { KeyedQueue } from './keyed-queue.ts';
import { asksForUs, type KnownNetworks, sharesNamespace, type Want, wantAttachment } from './want-attachments.ts';

export interface KeeperDeps extends AttacherDeps {
  readonly failures: Failures;
  /** undefined before the first snapshot: until then nothing is touched. */
  readonly networks: () => KnownNetworks | undefined;
  readonly onState: (fault: SuiteError | undefined) => void;
  readonly onSeen: (container: DockerContainer) => void;
}

const slowLookMs = 60_000;
const maxDetached = 10_000;

export class DockerKeeper {
  readonly #deps: KeeperDeps;
  readonly #queue: KeyedQueue;
  readonly #attacher: ContainerAttacher;
  /** Runs that were detached by hand: id and start. */
  readonly #detached = new Set<string>();
  /** Containers of which a failure is told; they are looked at until it is taken back. */
  readonly #failing = new Set<string>();
  readonly #guests: GuestBook;
  readonly #heard = Promise.withResolvers<void>();
  #following: DockerFollower | undefined;
  #slow: NodeJS.Timeout | undefined;

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
    this.#attacher = new ContainerAttacher(deps);
    this.#guests = new GuestBook(deps);
    this.#queue = new KeyedQueue({ look: (id) => this.#look(id) });
  }

  start(): void {
    const { docker, onState } = this.#deps;
    this.#following = new DockerFollower({
      docker,
      onList: (running) => {
        this.#lookAtAll(running);
        void this.#hear(running);
      },
      onEvent: (event) => this.#queue.poke(event.containerId),
      onState: (fault) => {
        if (fault) this.#heard.resolve();
        onState(fault);
      },
    });
    this.#following.start();
    this.#slow = setInterval(() => void this.relist(), slowLookMs).unref();
  }

  /**
   * Looks at what the engine's list and ours do not agree on: after a new snapshot, and now and then. A run that ended without
   * a word has lost its link, which the sweeper sees; so nobody asks for 200 idle containers one by one.
   */
  async relist(): Promise<void> {
    try {
      const running = await this.#deps.docker.running();
      const ids = new Set(running.map(({ id }) => id));
      const agreed = (lease: Lease): boolean => lease.phase === 'done' && ids.has(lease.containerId);
      const settled = this.#deps.book.all().filter((lease) => this.#isOurs(lease) && agreed(lease));
      this.#lookAtAll(running, new Set(settled.map((lease) => lease.containerId)));
    } catch {
      // The follower tells of an engine that is away, and lists when it is back.
    }
  }

  /** Resolves when the containers without an interface of their own are known, or the engine is away. */
  get heard(): Promise<void> {
    return this.#heard.promise;
  }

  /** An attachment came or went, and with it what its guests are. */
  onLease(lease: Lease): void {
    for (const id of this.#guests.of(lease)) this.#queue.poke(id);
  }

  async stop(): Promise<void> {
    this.#following?.close();
    clearInterval(this.#slow);
    await this.#queue.close();
  }

  /** Attaches a container whatever its labels say; an attached one stays as it is. */
  attach(id: string, wish: ManualWish): Promise<Lease> {
    return this.#queue.exclusive(id, async () => {
      const container = await this.#inspect(id);
      if (!container?.running) throw new SuiteError('TARGET_UNKNOWN', `attach ${id.slice(0, 80)}: it does not run`);
      if (sharesNamespace(container.networkMode)) {
        const hint = 'its interfaces belong to someone else';
        throw new SuiteError(
          'NETNS_IS_HOST',
          `attach ${container.name}: its network mode is ${container.networkMode}`,
          { hint },
        );
      }
      this.#detached.delete(runOf(container));
      const merged = { ...container, labels: { ...container.labels, ...wish.labels } };
      const lease = await this.#attacher.bring(merged, { kind: 'attach', network: wish.network }, wish);
      if (!lease) throw new SuiteError('INTERNAL', `attach ${container.name}: no lease was made`);
      return lease;
    });
  }

  /** Takes down every attachment of a container, until it starts again. */
  detach(id: string): Promise<Lease[]> {
    return this.#queue.exclusive(id, async () => {
      const container = await this.#inspect(id).catch(() => undefined);
      if (container && this.#detached.size < maxDetached) this.#detached.add(runOf(container));
      const leases = this.#deps.book.of(id);
      for (const lease of leases) await this.#attacher.drop(lease);
      this.#deps.states.ended(id);
      return leases;
    });
  }

  #lookAtAll(running: readonly ListedContainer[], settled: ReadonlySet<string> = new Set()): void {
    const asking = running.filter((one) => asksForUs(one.labels) || this.#guests.mayBeGuest(one));
    const attached = this.#deps.book.all().filter((lease) => this.#isOurs(lease));
    const told = [...this.#guests.all(), ...this.#deps.states.containers()];
    const known = [...attached.map((lease) => lease.containerId), ...told, ...asking.map(({ id }) => id)];
    const ids = known.filter((id) => !settled.has(id));
    for (const id of new Set([...ids, ...this.#failing])) this.#queue.poke(id);
  }

  /** Guests have no lease, so only the engine knows of them. */
  async #hear(running: readonly ListedContainer[]): Promise<void> {
    const guests = running.filter((one) => this.#guests.mayBeGuest(one));
    await Promise.allSettled(guests.map(({ id }) => this.#queue.exclusive(id, () => this.#look(id))));
    this.#heard.resolve();
  }

  #isOurs(lease: Lease): boolean {
    return lease.attachment.engine === 'docker' && factsIn(lease.config).engineSocket === this.#deps.docker.socketPath;
  }

  async #look(id: string): Promise<void> {
    const container = await this.#inspect(id);
    this.#guests.look(id, container);
    if (container) this.#deps.onSeen(container);
    const networks = this.#deps.networks();
    if (!networks) return;
    if (!container?.running) return this.#ended(id, container);
    const labelled = wantAttachment(container, networks);
    const byHand = this.#detached.has(runOf(container));
    const want: Want = byHand ? { kind: 'none', why: 'it was detached by hand' } : labelled;
    try {
      await this.#attacher.bring(container, want);
    } catch (error) {
      // A namespace that went means that the container has ended, which the next look sees.
      if (!hasCode(error, 'DOCKER_UNREACHABLE', 'NETNS_GONE')) this.#fail(container, error);
      throw error;
    }
    if (want.kind === 'refused') this.#fail(container, new SuiteError(want.code, want.text));
    else this.#clear(id);
  }

  #fail(container: DockerContainer, error: unknown): void {
    this.#note(container.id, container.name, error);
    if (this.#deps.book.of(container.id).some(({ phase }) => phase === 'done')) return;
    this.#deps.states.failed(container.id, container.startedAt, faultOf(error).text);
  }

  async #ended(id: string, container: DockerContainer | undefined): Promise<void> {
    for (const lease of this.#deps.book.of(id).filter((one) => this.#isOurs(one))) {
      // Unknown to the engine and yet alive: the engine was replaced under it. It is taken down when it has ended.
      if (!container && isAlive(lease)) continue;
      try {
        await this.#attacher.drop(lease);
      } catch (error) {
        this.#note(id, lease.attachment.name, error);
        throw error;
      }
    }
    this.#deps.reporter.live(id, undefined);
    if (this.#deps.book.of(id).length === 0) this.#deps.states.ended(id);
    this.#clear(id);
  }

  #note(id: string, name: string, error: unknown): void {
    this.#failing.add(id);
    this.#deps.failures.note(id, name, error);
  }

  #clear(id: string): void {
    // Not another engine's.
    if (this.#failing.delete(id)) this.#deps.failures.clear(id);
  }

  #inspect(id: string): Promise<DockerContainer | undefined> {
    return this.#deps.docker.inspect(id);
  }
}

function runOf(container: DockerContainer): string {
  return `${container.id}@${container.startedAt}`;
}

function isAlive(lease: Lease): boolean {
  const inode = inodeAt(lease.netnsPath);
  return inode !== undefined && inode === lease.netnsInode;
}
