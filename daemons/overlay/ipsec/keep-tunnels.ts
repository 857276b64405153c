// Keeps the security associations: what charon has loaded and what stands is compared with what is wanted, every 10 s and
// whenever something happens, and what is missing is asked for again. charon itself tries a peer that has not been told of us
// yet only once.
import type { DaemonContext } from '../../shared/daemon/life.ts';
import { hasCode, SuiteError } from '../../shared/model/errors.ts';
import { Loop } from '../../shared/reconcile/loop.ts';
import { within } from '../../shared/reconcile/within.ts';
import type { Session } from '../driver.ts';
import { describeFailure } from '../overlay-health.ts';
import type { CharonKeeper } from './charon/charon.ts';
import { keepCredentials, type LoadedKeys, markOfSecret, type OwnSecret } from './credentials.ts';
import { noteMarks, planLoads, type Told } from './load-steps.ts';
import { type IkeSa, parseConnections, parseSas } from './parse-sas.ts';
import { blank, type Memory, planSas, type SaStep } from './plan-sas.ts';
import { type Reason, reasonOf } from './reasons.ts';
import { missingOf, sessionsOf, stateOfTunnels } from './session-state.ts';
import type { EspMode } from './settings.ts';
import type { Vici } from './vici.ts';
import { type ViciWatch, watchVici } from './vici-watch.ts';
import type { WantConnection } from './want-connections.ts';

const quietMs = 20;
const restMs = 200;
const regularMs = 10_000;
/** While a tunnel has been missing for a short time, and for a long one: a host may be off for days. */
const urgentMs = 1_000;
const patientMs = 5_000;
const newsMs = 60_000;
const condition = 'ipsec';
/** After charon was started again. */
const freshMs = 5_000;
/** Listings of hundreds of associations. */
const listMs = 10_000;
const mostReasons = 4_096;
/** charon's start and the loading of hundreds of connections. */
const toldMs = 30_000;
const events = ['ike-updown', 'child-updown', 'log'] as const;

export interface TunnelsWish {
  readonly mode: EspMode;
  readonly own: OwnSecret;
  readonly connections: readonly WantConnection[];
  /** False: nothing is unloaded or ended on this word. */
  readonly complete: boolean;
}

export interface TunnelsOptions {
  readonly context: Pick<DaemonContext, 'log' | 'health'>;
  readonly charon: CharonKeeper;
  readonly socket: string;
  /** False: charon is somebody else's, and so may be keys in it. */
  readonly alone: boolean;
  /** Before connections are loaded: charon's own device, if it has one, has just been made. */
  readonly onRunning: (mode: EspMode) => Promise<void>;
}

export class TunnelsKeeper {
  readonly #options: TunnelsOptions;
  readonly #loop: Loop;
  #loaded = new Map<string, Told>();
  readonly #keys: LoadedKeys = new Map();
  readonly #reasons = new Map<string, Reason>();
  #wish: TunnelsWish | undefined;
  #hasRun = false;
  #freshUntil = 0;
  #fulfilled: string | undefined;
  #waiting: { resolve(): void; reject(error: unknown): void }[] = [];
  #watch: ViciWatch | undefined;
  #memory: Memory = blank;
  #missing: ReadonlyMap<string, number> = new Map();
  #have: readonly IkeSa[] = [];
  /** A former life of this daemon may have left one running. */
  #mayRun = true;

  constructor(options: TunnelsOptions) {
    this.#options = options;
    this.#loop = new Loop({
      pass: () => this.#pass(),
      failed: (error, failures) => this.#failed(error, failures),
      quietMs,
      restMs,
      everyMs: () => this.#untilNextLook(),
    });
  }

  /**
   * Resolves when charon has all of it loaded; associations follow.
   * @param wish undefined: there is no network that needs charon; it is ended
   * @throws SuiteError of the first pass that failed; the loop goes on
   */
  async want(wish: TunnelsWish | undefined): Promise<void> {
    if (wish === undefined && this.#wish === undefined && !this.#mayRun) return;
    this.#wish = wish;
    // Passes of the overlay are many: routes of charon's own are a reason for one.
    if (wish && this.#fulfilled === markOf(wish)) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ resolve, reject });
    this.#loop.poke();
    await within(toldMs, 'wait for charon to take what is wanted', promise);
  }

  #untilNextLook(): number {
    const now = performance.now();
    const isNews = [...this.#missing.values()].some((since) => now - since < newsMs);
    return isNews ? urgentMs : this.#missing.size > 0 ? patientMs : regularMs;
  }

  sessions(): Session[] {
    return sessionsOf(this.#wish?.connections ?? [], this.#have);
  }

  /** charon and its associations stay. */
  async close(): Promise<void> {
    await this.#loop.close();
    this.#watch?.close();
    this.#options.charon.close();
  }

  async #pass(): Promise<void> {
    const [wish, waiting] = [this.#wish, this.#waiting];
    this.#waiting = [];
    try {
      await (wish ? this.#apply(wish, () => settle(waiting)) : this.#end());
      settle(waiting);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
      throw error;
    }
  }

  async #apply(wish: TunnelsWish, onLoaded: () => void): Promise<void> {
    const { charon, onRunning, context } = this.#options;
    const { vici, isNew, isFresh } = await charon.ensure(wish.mode);
    this.#mayRun = true;
    // The first one of this daemon may be as young as the peers' are: then one of each two begins, as usual.
    if (isFresh && this.#hasRun) this.#freshUntil = performance.now() + freshMs;
    this.#hasRun = true;
    if (isNew) this.#forget();
    if (isFresh) context.log.info({ event: 'charon.started' }, 'charon runs');
    await onRunning(wish.mode);
    await keepCredentials(vici, wish.own, this.#keys, this.#options.alone);
    const refused = await this.#load(vici, wish);
    if (!refused) {
      this.#fulfilled = markOf(wish);
      onLoaded();
    }
    this.#follow(); // not before: every connection that is loaded is a line of the log
    await this.#keepSas(vici, wish);
    if (refused) throw refused;
  }

  async #end(): Promise<void> {
    this.#watch?.close();
    const keys = [...this.#keys.values()];
    this.#forget();
    await this.#options.charon.stop(keys);
    this.#mayRun = false;
    this.#missing = new Map();
    this.#have = [];
    this.#options.context.health.drop(condition);
  }

  #forget(): void {
    this.#fulfilled = undefined;
    this.#loaded.clear();
    this.#keys.clear();
    this.#memory = blank;
    this.#watch?.close();
    this.#watch = undefined;
  }

  /** @returns the first refusal; the others are loaded */
  async #load(vici: Vici, { connections, complete }: TunnelsWish): Promise<SuiteError | undefined> {
    const have = parseConnections(await vici.list('list-conns', 'list-conn', {}, listMs));
    let refused: SuiteError | undefined;
    this.#loaded = noteMarks(this.#loaded, have);
    for (const step of planLoads(connections, have, this.#loaded, complete)) {
      try {
        if (step.do === 'load') {
          await vici.call('load-conn', step.message);
          this.#loaded.set(step.want.name, { digest: step.want.digest, shown: undefined });
        } else {
          await vici.call('unload-conn', { name: step.name });
          this.#loaded.delete(step.name);
        }
      } catch (error) {
        // One peer that charon does not take must not stop the other ninety-nine.
        if (!hasCode(error, 'VICI_REFUSED')) throw error;
        refused ??= error;
      }
    }
    return refused;
  }

  async #keepSas(vici: Vici, wish: TunnelsWish): Promise<void> {
    const { context } = this.#options;
    const now = performance.now();
    this.#have = parseSas(await vici.list('list-sas', 'list-sa', {}, listMs));
    const { steps, memory } = planSas(wish.connections, this.#have, this.#memory, {
      now,
      complete: wish.complete,
      isFresh: now < this.#freshUntil,
    });
    this.#memory = memory;
    for (const step of steps) await applyStep(vici, step);
    this.#missing = missingOf(wish.connections, this.#have, this.#missing, now);
    for (const hostId of this.#reasons.keys()) if (!this.#missing.has(hostId)) this.#reasons.delete(hostId);
    const state = stateOfTunnels(wish.connections, this.#missing, this.#reasons, now);
    if (!context.health.set(condition, state)) return;
    if (state.ok) context.log.info({ event: 'tunnels.up' }, state.text);
    else context.log.warn({ event: 'tunnels.missing' }, state.text);
  }

  /** Its end, too, is a reason to look: charon is started again at once. */
  #follow(): void {
    this.#watch ??= watchVici(
      this.#options.socket,
      events,
      (name, message) => {
        if (name !== 'log') return this.#loop.poke();
        const reason = reasonOf(message);
        if (reason && this.#reasons.size < mostReasons) this.#reasons.set(reason.hostId, reason);
      },
      () => {
        this.#watch = undefined;
        this.#loop.poke();
      },
    );
  }

  #failed(error: unknown, failures: number): void {
    const { context } = this.#options;
    context.health.set(condition, { ok: false, ...describeFailure(error) });
    if (failures === 1) context.log.warn({ event: 'tunnels.failed', error }, 'cannot keep the tunnels; tries again');
  }
}

/** Equal for wishes that are loaded in the same way. */
function markOf({ mode, own, connections, complete }: TunnelsWish): string {
  const keys = own.by === 'keys' ? own.pairs.map(({ publicKey }) => publicKey) : [markOfSecret(own.secret)];
  return JSON.stringify([mode, complete, keys, connections.map(({ name, digest }) => [name, digest])]);
}

function settle(waiting: readonly { resolve(): void }[]): void {
  for (const { resolve } of waiting) resolve();
}

async function applyStep(vici: Vici, step: SaStep): Promise<void> {
  try {
    switch (step.do) {
      case 'initiate':
        // Not waited for: a peer that does not answer must not delay the others.
        await vici.call('initiate', { ike: step.connection, child: step.child, timeout: -1 });
        return;
      case 'end-ike':
        await vici.call('terminate', { 'ike-id': step.id, timeout: -1 });
        return;
      case 'end-child':
        await vici.call('terminate', { 'child-id': step.id, timeout: -1 });
        return;
      default: {
        const never: never = step;
        throw new SuiteError('INTERNAL', `carry out ${JSON.stringify(never)}`);
      }
    }
  } catch (error) {
    // It went meanwhile, or came: the next look tells.
    if (!hasCode(error, 'VICI_REFUSED')) throw error;
  }
}
