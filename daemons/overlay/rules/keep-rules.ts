// The overlay's rules keeper: its chains in both families, the jumps to them, and the sets of peers.
import type { KeeperMetrics } from '../../shared/daemon/keeper-metrics.ts';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import type { Iptables } from '../../shared/effects/iptables.ts';
import type { Ipsets } from '../../shared/effects/netlink/ipset.ts';
import { Loop } from '../../shared/reconcile/loop.ts';
import { within } from '../../shared/reconcile/within.ts';
import type { OverlayDriver } from '../driver.ts';
import { describeFailure } from '../overlay-health.ts';
import type { Wish } from '../overlay-network.ts';
import { FamilyRules } from './family-rules.ts';
import type { Guard } from './guard.ts';
import type { Family, RuleFacts, RuleNetwork } from './want-rules.ts';

/** Changes that come now and then are served at once; of a storm of them, two a second. */
const quietMs = 5;
const restMs = 500;
const burst = 5;
/** With notices of nftables the regular look is for what they miss; without, it is what heals. */
const noticedMs = 30_000;
const unnoticedMs = 10_000;
/** Who overwrites rules does so in bursts (a firewall that reloads). */
const recheckMs = [1_000, 4_000];
/** The kernel's notices of our own writes arrive within this time. */
const ownEchoMs = 500;
/** A fight with another program is told once a minute. */
const quietLogMs = 60_000;
const settleMs = 2_000;
const condition = 'overlay-rules';

export interface RulesOptions {
  readonly context: Pick<DaemonContext, 'log' | 'health'>;
  readonly drivers: readonly OverlayDriver[];
  readonly iptables: Readonly<Record<Family, Iptables>>;
  readonly sets: Ipsets;
  readonly metrics: KeeperMetrics;
  /** True while `onRulesChanged` is called for changes of nftables. */
  readonly hasNotices: () => boolean;
}

export class RulesKeeper {
  readonly #options: RulesOptions;
  readonly #families: readonly FamilyRules[];
  readonly #loop: Loop;
  readonly #first = Promise.withResolvers<void>();
  #wish: Wish | undefined;
  #fulfilled: Wish | undefined;
  #rechecks: NodeJS.Timeout[] = [];
  #wroteAt = Number.NEGATIVE_INFINITY;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** When the rules were last doubted, and so read anew by the next pass. */
  #doubtedAt = performance.now();

  constructor(options: RulesOptions) {
    this.#options = options;
    const { iptables, sets } = options;
    this.#families = ([4, 6] as const).map((family) => new FamilyRules(family, iptables[family], sets));
    options.context.health.set(condition, { ok: false, code: 'NOT_READY', text: 'waits for the first tunnels' });
    this.#loop = new Loop({
      pass: () => this.#pass(),
      failed: (error, failures) => this.#failed(error, failures),
      quietMs,
      restMs,
      burst,
      everyMs: () => this.#untilLook(),
    });
  }

  want(wish: Wish): void {
    this.#wish = wish;
    this.#loop.poke();
  }

  /** Resolves when the rules stand for the first time, or after 2 s: without a firewall there is a tunnel all the same. */
  async settled(): Promise<void> {
    await within(settleMs, 'wait for the first rules', this.#first.promise).catch(() => undefined);
  }

  /** Somebody wrote rules. What we wrote ourselves is looked at again anyway. */
  onRulesChanged(): void {
    if (performance.now() - this.#wroteAt < ownEchoMs) return;
    this.#doubt();
    if (this.#wish) this.#loop.poke();
  }

  /** What follows from drivers may be different now. */
  doubt(): void {
    this.#doubt();
    if (this.#wish) this.#loop.poke();
  }

  close(): Promise<void> {
    for (const timer of this.#rechecks) clearTimeout(timer);
    return this.#loop.close();
  }

  /** What a pass would write now. Changes nothing. */
  async diff(): Promise<string[]> {
    const wish = this.#wish;
    if (!wish) return [];
    this.#doubt();
    const lines: string[] = [];
    for (const family of this.#families) lines.push(...(await family.diff(this.#factsOf(wish))));
    return lines;
  }

  #doubt(): void {
    this.#doubtedAt = performance.now();
    for (const family of this.#families) family.doubt();
  }

  /** Milliseconds until everything is read anew although nobody says that it changed. */
  #untilLook(): number {
    const everyMs = this.#options.hasNotices() ? noticedMs : unnoticedMs;
    return Math.max(0, this.#doubtedAt + everyMs - performance.now());
  }

  #factsOf({ networks, guarded, complete }: Wish): Pick<RuleFacts, 'networks' | 'guards'> & { complete: boolean } {
    const { drivers } = this.#options;
    const driverOf = ({ driver }: { driver: string }) => drivers.find(({ name }) => name === driver);
    const ruled = networks.flatMap((network): RuleNetwork[] => {
      const driver = driverOf(network);
      return driver ? [{ network, devices: driver.devices(network), inputs: driver.inputs?.(network) ?? [] }] : [];
    });
    const guards = guarded.map((network): Guard => {
      const driver = driverOf(network);
      const passes = driver?.passes?.(network) ?? { out: [], in: [] };
      return { network, devices: driver?.devices(network) ?? [], passes };
    });
    return { networks: ruled, guards, complete };
  }

  async #pass(): Promise<void> {
    const wish = this.#wish;
    if (!wish) return;
    const { context, metrics } = this.#options;
    if (this.#untilLook() === 0) this.#doubt();
    const changed: string[] = [];
    let wroteRules = false;
    for (const family of this.#families) {
      const { sets, rules } = await family.keep(this.#factsOf(wish));
      if (rules.length > 0) this.#wroteAt = performance.now();
      wroteRules ||= rules.length > 0;
      changed.push(...sets, ...rules);
    }
    metrics.pass();
    // No firewall that reloads touches the sets, and peers come and go.
    if (wroteRules) this.#recheckSoon();
    this.#first.resolve();
    this.#account(changed, wish);
    context.health.set(condition, { ok: true, text: 'packets of our tunnels come from peers alone' });
  }

  #account(changed: readonly string[], wish: Wish): void {
    const { context, metrics } = this.#options;
    const heals = this.#fulfilled === wish;
    this.#fulfilled = wish;
    if (changed.length === 0) return;
    if (heals) metrics.healed(changed.length);
    else metrics.wrote(changed.length);
    const now = performance.now();
    if (heals && now - this.#toldAt < quietLogMs) return;
    this.#toldAt = heals ? now : this.#toldAt;
    const event = heals ? 'overlay-rules.healed' : 'overlay-rules.changed';
    context.log.info({ event, changed }, `wrote ${changed.join(', ')}`);
  }

  #recheckSoon(): void {
    for (const timer of this.#rechecks) clearTimeout(timer);
    this.#rechecks = recheckMs.map((ms) => setTimeout(() => this.#recheck(), ms).unref());
  }

  #recheck(): void {
    this.#doubt();
    this.#loop.poke();
  }

  #failed(error: unknown, failures: number): void {
    const { context, metrics } = this.#options;
    metrics.failed();
    this.#doubt();
    context.health.set(condition, { ok: false, ...describeFailure(error) });
    if (failures === 1)
      context.log.warn({ event: 'overlay-rules.failed', error }, 'rules are not as wanted; tries again');
  }
}
