// The rules keeper: the chains of network-manager and the jumps to them.
import type { DaemonContext } from '../../shared/daemon/life.ts';
import type { Iptables, IptablesVersion } from '../../shared/effects/iptables.ts';
import type { Ipsets } from '../../shared/effects/netlink/ipset.ts';
import { hooks, policyChain } from '../../shared/model/hooks.ts';
import { type Cidr4, parseIpv4 } from '../../shared/model/ipv4.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { type Chain, planRules, type RulesPlan, type WantRules } from '../../shared/reconcile/iptables-plan.ts';
import { parseSave, type SavedTables } from '../../shared/reconcile/iptables-save.ts';
import { Loop } from '../../shared/reconcile/loop.ts';
import { within } from '../../shared/reconcile/within.ts';
import type { KeeperMetrics } from '../keeper-metrics.ts';
import { describeFailure } from '../networks/networks-health.ts';
import type { ChosenPorts } from '../ports/choose-ports.ts';
import type { PublishedPorts } from '../ports/main.ts';
import type { PortClaim } from '../ports/port-claims.ts';
import { additionsOnly } from './additions.ts';
import { hashInSlices, sameChains } from './chains.ts';
import { KnownRules } from './known-rules.ts';
import { keepLoopbackRoutes, loopbackRoutes } from './loopback-routes.ts';
import { type AddressReads, observeAddresses } from './observe.ts';
import { otherBackend, rulesOfOtherBackend } from './other-backend.ts';
import { ruleFacts } from './rule-facts.ts';
import { exclusionSet, type RuleFacts, wantRules } from './want-rules.ts';

/** A first change is served at once; of a storm of them, five a second. */
const quietMs = 5;
const restMs = 200;
/** Who overwrites rules does so in bursts (a firewall that reloads); so we look again soon after each write of our own. */
const recheckMs = [1_000, 2_000, 4_000];
/** A fight with another program is told once a minute, not once a second. */
const quietLogMs = 60_000;
/** The kernel's notices of our own writes arrive within this time. */
const ownEchoMs = 500;
const settleMs = 2_000;
const condition = 'rules';
const left = [{ table: 'filter', chain: policyChain }] as const;

export interface RulesOptions {
  readonly context: Pick<DaemonContext, 'config' | 'log' | 'health'>;
  readonly netlink: AddressReads;
  readonly iptables: Iptables;
  readonly ipsets: Pick<Ipsets, 'has'>;
  readonly metrics: KeeperMetrics;
  /** Networks of which no rule may speak. */
  readonly refused: () => ReadonlySet<string>;
  /** True while `onRulesChanged` is called for changes of nftables. */
  readonly hasNotices: () => boolean;
  readonly ports: PublishedPorts;
  /** These ports and no others are published now, by key. */
  readonly onPublished: (served: ReadonlyMap<string, PortClaim>, subnets: readonly Cidr4[]) => void;
}

interface Comparison {
  readonly chosen: ChosenPorts;
  readonly facts: RuleFacts;
  readonly chains: readonly Chain[];
  readonly have: SavedTables;
  readonly plan: RulesPlan;
}

export class RulesKeeper {
  readonly #options: RulesOptions;
  readonly #loop: Loop;
  readonly #known: KnownRules;
  readonly #service: { address: NonNullable<ReturnType<typeof parseIpv4>>; metadataPort: number };
  #snapshot: Snapshot | undefined;
  #version: IptablesVersion | undefined;
  /** The wish that was fulfilled last: to write for it again is to heal. */
  #fulfilled: readonly Chain[] | undefined;
  #waiting: (() => void)[] = [];
  #rechecks: NodeJS.Timeout[] = [];
  #toldAt = Number.NEGATIVE_INFINITY;
  #isWriting = false;
  #wroteAt = Number.NEGATIVE_INFINITY;

  constructor(options: RulesOptions) {
    this.#options = options;
    this.#known = new KnownRules(options.iptables, () => this.#version?.backend === 'nft' && options.hasNotices());
    const { address, port } = options.context.config.metadata;
    this.#service = { address: parseIpv4(address)!, metadataPort: port };
    options.context.health.set(condition, {
      ok: false,
      code: 'NOT_READY',
      text: 'waits for the first snapshot of metadata',
    });
    this.#loop = new Loop({
      pass: () => this.#pass(),
      failed: (error, failures) => this.#failed(error, failures),
      quietMs,
      restMs,
      everyMs: () => this.#known.lookAgainMs,
    });
  }

  onSnapshot(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#loop.poke();
  }

  poke(): void {
    if (this.#snapshot) this.#loop.poke();
  }

  /** Somebody wrote rules; what this process wrote itself is looked at again later anyway. */
  onRulesChanged(): void {
    if (this.#isWriting || performance.now() - this.#wroteAt < ownEchoMs) return;
    this.#known.doubt();
    this.poke();
  }

  /** Resolves when a pass that begins from now on has ended, whatever came of it, or after 2 s. */
  async settle(): Promise<void> {
    if (!this.#snapshot) return;
    const passed = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#loop.poke();
    await within(settleMs, 'wait for the rules', passed).catch(() => undefined);
  }

  close(): Promise<void> {
    for (const timer of this.#rechecks) clearTimeout(timer);
    return this.#loop.close();
  }

  async #pass(): Promise<void> {
    const waiting = this.#waiting.splice(0);
    try {
      if (this.#snapshot) await this.#keep(this.#snapshot);
    } finally {
      for (const resolve of waiting) resolve();
    }
  }

  /** What a pass would write now, lines of iptables-restore. Changes nothing. */
  async diff(): Promise<string[]> {
    if (!this.#snapshot) return [];
    const { plan } = await this.#plan(this.#snapshot, parseSave(await this.#options.iptables.save()));
    return plan.payload.split('\n').filter((line) => line !== '' && line !== 'COMMIT');
  }

  /** @param have default: what is known */
  async #plan(snapshot: Snapshot, have?: SavedTables): Promise<Comparison> {
    const { netlink, refused, ports } = this.#options;
    const host = await observeAddresses(netlink);
    const chosen = await ports.choose(snapshot, host, refused());
    const excludes = await this.#options.ipsets.has(exclusionSet);
    const facts = ruleFacts(snapshot, host.addresses, this.#service, refused(), [...chosen.served.values()], excludes);
    const chains = wantRules(facts);
    await hashInSlices(chains);
    const want: WantRules = { chains, hooks, left, owner: 'network-manager', owns: isOwnChain };
    const known = have ?? (await this.#known.read());
    const plan = planRules(snapshot.complete ? want : additionsOnly(want, known), known);
    return { chosen, facts, chains, have: known, plan };
  }

  async #keep(snapshot: Snapshot): Promise<void> {
    const { context, metrics, ports } = this.#options;
    this.#version ??= await this.#describe();
    const { chosen, facts, chains, have, plan } = await this.#plan(snapshot);
    metrics.pass();
    if (plan.payload !== '') {
      await this.#write(plan);
      this.#account(plan, have, chains);
    }
    this.#fulfilled = chains;
    keepLoopbackRoutes(loopbackRoutes(facts));
    context.health.set(condition, { ok: true, text: `${chains.length} chains by ${nameOf(this.#version)}` });
    if (snapshot.complete)
      this.#options.onPublished(
        chosen.served,
        facts.networks.map(({ subnet }) => subnet),
      );
    await ports.report(chosen);
    await this.#lookAside(this.#version);
  }

  async #write(plan: RulesPlan): Promise<void> {
    this.#isWriting = true;
    try {
      await this.#known.write(plan);
    } finally {
      this.#isWriting = false;
      this.#wroteAt = performance.now();
    }
  }

  async #describe(): Promise<IptablesVersion> {
    const version = await this.#options.iptables.describe();
    const text = `writes with ${nameOf(version)}, as this host's iptables does`;
    this.#options.context.log.info({ event: 'rules.backend', ...version }, text);
    return version;
  }

  async #lookAside({ backend }: IptablesVersion): Promise<void> {
    const count = (await rulesOfOtherBackend(backend)) ?? 0;
    const other = otherBackend(backend);
    const text = `${other} holds ${count} rules of others`;
    const hint = `packets pass both, so a DROP there wins; see ${other}-save`;
    this.#options.context.health.set('rules-backend', {
      ok: count === 0,
      text: count === 0 ? text : `${text}: ${hint}`,
      degradesOnly: true,
    });
  }

  #account(plan: RulesPlan, have: SavedTables, wish: readonly Chain[]): void {
    const { context, metrics } = this.#options;
    const heals = this.#fulfilled !== undefined && sameChains(this.#fulfilled, wish);
    if (heals) metrics.healed(plan.changed.length);
    else metrics.wrote(plan.changed.length);
    for (const timer of this.#rechecks) clearTimeout(timer);
    this.#rechecks = recheckMs.map((ms) => setTimeout(() => this.#recheck(), ms).unref());
    const now = performance.now();
    if (heals && now - this.#toldAt < quietLogMs) return;
    this.#toldAt = heals ? now : this.#toldAt;
    const event = heals ? 'rules.healed' : 'rules.changed';
    context.log.info({ event, changed: plan.changed, tables: have.size }, `wrote ${plan.changed.join(', ')}`);
  }

  #recheck(): void {
    this.#known.doubt();
    this.poke();
  }

  #failed(error: unknown, failures: number): void {
    const { context, metrics } = this.#options;
    metrics.failed();
    context.health.set(condition, { ok: false, ...describeFailure(error) });
    if (failures === 1) context.log.warn({ event: 'rules.failed', error }, 'rules are not as wanted; tries again');
  }
}

/** The originals' prefix; what the overlay keeps has a longer one. */
export function isOwnChain(name: string): boolean {
  return name.startsWith('CATTLE_') && !name.startsWith('CATTLE_OVERLAY_');
}

function nameOf({ version, backend }: IptablesVersion): string {
  return `iptables ${version} (${backend})`;
}
