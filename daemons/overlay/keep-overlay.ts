// The overlay keeper: brings the kernel to what the snapshot's overlay networks want, through their drivers.
import type { KeeperMetrics } from '../shared/daemon/keeper-metrics.ts';
import type { DaemonContext } from '../shared/daemon/life.ts';
import type { Change as HostChange } from '../shared/effects/netlink-watch.ts';
import { isSecret } from '../shared/model/objects.ts';
import { Loop } from '../shared/reconcile/loop.ts';
import type { BlockKeeper } from './block/keep-blocks.ts';
import type { DriverWish, Outcome, OverlayDriver } from './driver.ts';
import { Echo } from './echo.ts';
import type { HostFacts } from './host-facts.ts';
import { type Keyring, keysOf } from './keys/driver-keys.ts';
import type { Facts } from './observe.ts';
import { describeFailure, stateOfOverlay, waiting } from './overlay-health.ts';
import type { Wish } from './overlay-network.ts';

/** Changes that come now and then are served at once; of a storm of them, five a second. */
const quietMs = 2;
const restMs = 200;
const burst = 5;
/** Notices tell what happens; everything is read anew for what they miss. */
const everyMs = 20_000;
/** The kernel's notices of what we wrote come within this time. Are they not just these, a look soon finds what else was done. */
const ownEchoMs = 500;
const soonMs = 1_000;
const condition = 'overlay';

export interface OverlayOptions {
  readonly context: Pick<DaemonContext, 'log' | 'health'>;
  readonly drivers: readonly OverlayDriver[];
  readonly blocks: Pick<BlockKeeper, 'keep' | 'diff'>;
  readonly facts: Facts;
  readonly metrics: KeeperMetrics;
  /** Waited for before the first tunnel is made: until then anybody could send into it. Must not reject. */
  readonly beforeFirst: () => Promise<void>;
  /** What secret drivers may use now. */
  readonly ring: () => Keyring;
  /** Told after each pass over a wish. */
  readonly onKept: (wish: Wish, facts: HostFacts) => void;
  /** Told when all of a wish is as it should be, with the ring that was used. */
  readonly onFulfilled: (ring: Keyring) => void;
}

export class OverlayKeeper {
  readonly #options: OverlayOptions;
  readonly #loop: Loop;
  readonly #first = Promise.withResolvers<void>();
  #hasWaited = false;
  #wish: Wish | undefined;
  #readAt = performance.now();
  #wroteAt = Number.NEGATIVE_INFINITY;
  #soon: NodeJS.Timeout | undefined;
  readonly #echo = new Echo();
  /** The wish that was fulfilled last: to write for it again is to heal. */
  #fulfilled: Wish | undefined;

  constructor(options: OverlayOptions) {
    this.#options = options;
    options.context.health.set(condition, waiting);
    this.#loop = new Loop({
      pass: () => this.#pass(),
      failed: (error, failures) => this.#failed(error, failures),
      quietMs,
      restMs,
      burst,
      everyMs: () => this.#untilLook(),
    });
  }

  /** Resolves after the first pass over a snapshot, however it ended. */
  get ready(): Promise<void> {
    return this.#first.promise;
  }

  want(wish: Wish): void {
    this.#wish = wish;
    this.#loop.poke();
  }

  /** The keyring is another one, or a driver saw something. */
  poke(): void {
    if (this.#wish) this.#loop.poke();
  }

  /** Containers' links, neighbours and bridge entries come and go without concerning us. */
  onHost(changes: readonly HostChange[]): void {
    const { drivers, facts } = this.#options;
    const isOurs = (index: number): boolean => drivers.some((driver) => driver.owns(index));
    const hasMoved = changes.some(
      ({ kind, index }) => kind === 'address' || (kind === 'link' && facts.concerns(index)),
    );
    const isEcho = performance.now() - this.#wroteAt < ownEchoMs;
    const touching = changes.filter(({ kind, index }) => kind === 'route' || isOurs(index));
    const isTouched = touching.some(({ kind }) => kind === 'link' || !isEcho);
    if (hasMoved) facts.doubt();
    if (isTouched || hasMoved) this.#doubt();
    else this.#echo.heard(touching);
  }

  /** Notices were lost. */
  onResync(): void {
    this.#options.facts.doubt();
    this.#doubt();
  }

  close(): Promise<void> {
    clearTimeout(this.#soon);
    return this.#loop.close();
  }

  /** What a pass would do now. Changes nothing. */
  async diff(): Promise<string[]> {
    const wish = this.#wish;
    if (!wish) return [];
    const facts = await this.#read(wish);
    const lines = await this.#options.blocks.diff(wish, facts);
    const ring = this.#options.ring();
    for (const driver of this.#options.drivers) lines.push(...(await driver.diff(wishFor(driver, wish, facts, ring))));
    return lines;
  }

  #doubt(): void {
    this.#doubtDrivers();
    if (this.#wish) this.#loop.poke();
  }

  #doubtDrivers(): void {
    for (const driver of this.#options.drivers) driver.doubt();
    this.#readAt = performance.now();
  }

  #listenToEcho(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      if (!this.#echo.takeIsOwn()) this.#doubt();
    }, soonMs).unref();
  }

  /** Milliseconds until everything is read anew although nobody says that it changed. */
  #untilLook(): number {
    return Math.max(0, this.#readAt + everyMs - performance.now());
  }

  #read({ networks }: Wish): Promise<HostFacts> {
    const own = networks.map(({ self }) => self.address);
    const peers = networks.flatMap(({ peers }) => peers.map(({ address }) => address));
    return this.#options.facts.read({ own, peers });
  }

  async #pass(): Promise<void> {
    const wish = this.#wish;
    if (!wish) return;
    const { context, metrics, onKept, beforeFirst } = this.#options;
    if (!this.#hasWaited) await beforeFirst();
    this.#hasWaited = true;
    if (this.#untilLook() === 0) this.#doubtDrivers();
    const facts = await this.#read(wish);
    const ring = this.#options.ring();
    const outcomes = await this.#keepAll(wish, facts, ring);
    metrics.pass();
    this.#account(outcomes, wish);
    const failed = outcomes.flatMap((outcome) => outcome.failed);
    const faults = [...wish.faults, ...outcomes.flatMap((outcome) => outcome.faults)];
    context.health.set(condition, stateOfOverlay(wish.networks, faults, failed));
    onKept(wish, facts);
    if (failed[0]) throw failed[0].error;
    this.#options.onFulfilled(ring);
    this.#first.resolve();
  }

  /** The kernel blocks before the first tunnel and after the last; where it refuses to, nothing secret is connected. */
  async #keepAll(wish: Wish, facts: HostFacts, ring: Keyring): Promise<Outcome[]> {
    const { drivers, blocks } = this.#options;
    const closed = await blocks.keep(wish, facts, false);
    const isClosed = closed.failed.length === 0;
    const outcomes = [closed];
    for (const driver of drivers) {
      if (isClosed || !driver.secret) outcomes.push(await driver.keep(wishFor(driver, wish, facts, ring)));
    }
    const isDone = wish.complete && outcomes.every(({ failed }) => failed.length === 0);
    return isClosed ? [...outcomes, await blocks.keep(wish, facts, isDone)] : outcomes;
  }

  #account(outcomes: readonly Outcome[], wish: Wish): void {
    const { context, metrics } = this.#options;
    const writes = outcomes.reduce((sum, outcome) => sum + outcome.writes, 0);
    const heals = this.#fulfilled === wish;
    this.#fulfilled = outcomes.every(({ failed }) => failed.length === 0) ? wish : undefined;
    if (writes === 0) return;
    this.#wroteAt = performance.now();
    for (const { writes: some, notices } of outcomes) if (some > 0) this.#echo.wrote(notices);
    this.#listenToEcho();
    if (heals) metrics.healed(writes);
    else metrics.wrote(writes);
    const steps = outcomes.flatMap((outcome) => outcome.done);
    context.log.info(
      { event: heals ? 'overlay.healed' : 'overlay.changed', steps },
      `${writes} changes to the overlay`,
    );
  }

  #failed(error: unknown, failures: number): void {
    const { context, metrics } = this.#options;
    metrics.failed();
    this.#doubt();
    if (context.health.report().conditions.some(({ name, ok }) => name === condition && ok))
      context.health.set(condition, { ok: false, ...describeFailure(error) });
    if (failures === 1)
      context.log.warn({ event: 'overlay.failed', error }, 'the overlay is not as wanted; tries again');
    this.#first.resolve();
  }
}

function wishFor({ name }: OverlayDriver, wish: Wish, facts: HostFacts, ring: Keyring): DriverWish {
  const networks = wish.networks.filter(({ driver }) => driver === name);
  const guarded = wish.guarded.filter(({ driver }) => driver === name);
  const part = { networks, guarded, facts, complete: wish.complete };
  return isSecret(name) ? { ...part, keys: keysOf(name, ring) } : part;
}
